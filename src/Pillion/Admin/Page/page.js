'use strict';

// Everything from outside goes in through textContent: nothing that a client sent can become markup.
const byId = id => document.getElementById(id);
const get = async path => {
  const answer = await fetch(path, { cache: 'no-store' });
  return path.includes('format=text') || path.startsWith('/explain/') ? answer.text() : answer.json();
};

function fill(table, rows) {
  const body = byId(table).tBodies[0];
  body.replaceChildren(...rows.map(({ cells, open }) => {
    const row = document.createElement('tr');
    for (const [text, kind] of cells) {
      const cell = document.createElement('td');
      cell.textContent = text ?? '';
      if (kind) cell.className = kind;
      row.append(cell);
    }
    if (open) {
      row.className = 'open';
      row.addEventListener('click', open);
    }
    return row;
  }));
}

function list(id, items) {
  const section = byId(id);
  section.hidden = items.length === 0;
  section.querySelector('ul').replaceChildren(...items.map(text => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  }));
}

async function explain(id) {
  const section = byId('explanation');
  section.querySelector('pre').textContent = await get('/explain/' + encodeURIComponent(id));
  section.hidden = false;
  section.scrollIntoView({ behavior: 'smooth' });
}

const request = r => `${r.method ?? ''} ${r.authority ?? ''}${r.target ?? ''}`;
const time = r => (r.time ?? '').slice(11, 23);
const statusKind = status => 'number ' + (status >= 200 && status < 500 ? '' : 'bad');

async function refresh() {
  const state = byId('state');
  try {
    const [ready, listeners, clusters, requests, failures] = await Promise.all([
      get('/ready?format=json'), get('/listeners?format=json'), get('/clusters?format=json'), get('/requests?count=25'), get('/requests?count=10&failures')]);
    state.textContent = ready.ready || ready.state !== 'ready' ? ready.state : 'not ready';
    state.className = 'badge ' + (ready.ready ? 'good' : ready.state === 'lame duck' || ready.state === 'draining' ? 'warn' : 'bad');
    byId('version').textContent = ready.version;
    byId('workload').textContent = ready.workload ? 'beside ' + ready.workload : '';
    document.title = ready.workload ? ready.workload + ' · Pillion' : 'Pillion';
    list('reasons', ready.reasons);
    list('refused', ready.refused_configuration);
    fill('listeners', listeners.map(l => ({ cells: [[l.name], [l.address], [l.direction], [l.active_connections, 'number']] })));
    fill('clusters', clusters.flatMap(c => c.endpoints.length === 0
      ? [{ cells: [[c.name], [c.problem ?? 'no endpoint'], ['none', 'bad'], ['']] }]
      : c.endpoints.map(e => ({ cells: [[c.name], [e.address], [e.healthy ? 'healthy' : 'failed', e.healthy ? 'good' : 'bad'], [e.active_requests, 'number']] }))));
    fill('failures', failures.map(r => ({ cells: [[time(r)], [request(r)], [r.status, statusKind(r.status)], [r.reason]], open: () => explain(r.id) })));
    fill('requests', requests.map(r => ({ cells: [[time(r)], [request(r)], [r.status, statusKind(r.status)], [r.answered_by], [r.upstream], [r.duration_ms, 'number']], open: () => explain(r.id) })));
  } catch {
    state.textContent = 'no answer';
    state.className = 'badge bad';
  }
  setTimeout(refresh, 2000);
}

refresh();
