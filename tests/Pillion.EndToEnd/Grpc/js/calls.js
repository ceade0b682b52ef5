// The calls of GrpcTests by @grpc/grpc-js. Usage: node calls.js PROTO HOST:PORT; prints one JSON object: the call, and "ok" or what went wrong.
'use strict';

const assert = require('node:assert');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [protoFile, address] = process.argv.slice(2);
const definition = loader.loadSync(protoFile, { keepCase: true, longs: Number, defaults: true });
const Echo = grpc.loadPackageDefinition(definition).pillion.echo.Echo;
const client = new Echo(address, grpc.credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
const soon = () => ({ deadline: Date.now() + 25_000 });

function unary(request, metadata = new grpc.Metadata(), options = soon()) {
  return new Promise((resolve) => {
    let headers;
    let trailers;
    const call = client.Unary(request, metadata, options, (error, reply) => setImmediate(() => resolve({ error, reply, headers, trailers, call })));
    call.on('metadata', (received) => { headers = received; });
    call.on('status', (status) => { trailers = status.metadata; });
  });
}

const calls = {
  async unary() {
    const { error, reply } = await unary({ text: 'hello from node' });
    assert.ifError(error);
    assert.strictEqual(reply.text, 'hello from node');
  },

  async metadata() {
    const sent = new grpc.Metadata();
    const bytes = Buffer.from([0, 1, 2, 253, 254, 255]);
    sent.set('echo-text', 'some text');
    sent.set('echo-bytes-bin', bytes);
    const { error, headers, trailers } = await unary({}, sent);
    assert.ifError(error);
    assert.deepStrictEqual(headers.get('echo-text'), ['some text']);
    assert.ok(bytes.equals(headers.get('echo-bytes-bin')[0]));
    assert.deepStrictEqual(trailers.get('trailing-echo-text'), ['some text']);
    assert.ok(bytes.equals(trailers.get('trailing-echo-bytes-bin')[0]));
  },

  client_stream: () => new Promise((resolve, reject) => {
    const call = client.Collect(soon(), (error, reply) => (error ? reject(error) : resolve(assert.strictEqual(reply.count, 500))));
    for (let i = 0; i < 500; i++) call.write({ text: `${i}`, payload: Buffer.alloc(1000) });
    call.end();
  }),

  server_stream: () => new Promise((resolve, reject) => {
    const texts = [];
    const call = client.Spread({ text: 'n', count: 500, payload: Buffer.alloc(1000) }, soon());
    call.on('data', (reply) => texts.push(reply.text));
    call.on('error', reject);
    call.on('end', () => resolve(assert.deepStrictEqual(texts, Array.from({ length: 500 }, (_, i) => `n ${i}`))));
  }),

  both_streams: () => new Promise((resolve, reject) => {
    let turn = 0;
    const call = client.Chat(soon());
    call.on('error', reject);
    call.on('data', (reply) => {
      assert.strictEqual(reply.text, `turn ${turn}`);
      if (++turn < 100) call.write({ text: `turn ${turn}` });
      else call.end();
    });
    call.on('end', () => resolve(assert.strictEqual(turn, 100)));
    call.write({ text: 'turn 0' });
  }),

  async large() {
    const payload = Buffer.alloc(3_000_000, 'large');
    const { error, reply } = await unary({ payload });
    assert.ifError(error);
    assert.ok(payload.equals(reply.payload));
  },

  async status() {
    const { error, trailers } = await unary({ fail_code: 5, fail_message: 'nicht da: größer' });
    assert.strictEqual(error.code, grpc.status.NOT_FOUND);
    assert.strictEqual(error.details, 'nicht da: größer');
    assert.ok(Buffer.from([0, 1, 254, 255]).equals(trailers.get('grpc-status-details-bin')[0]));
  },

  async deadline() {
    const { error } = await unary({ text: 'node deadline', hang: true }, new grpc.Metadata(), { deadline: Date.now() + 300 });
    assert.strictEqual(error.code, grpc.status.DEADLINE_EXCEEDED);
  },

  async at_once() {
    const all = await Promise.all(Array.from({ length: 200 }, (_, i) => unary({ text: `${i}` })));
    all.forEach(({ error, reply }, i) => {
      assert.ifError(error);
      assert.strictEqual(reply.text, `${i}`);
    });
  },
};

(async () => {
  const outcomes = {};
  for (const [name, call] of Object.entries(calls)) {
    try {
      await call();
      outcomes[name] = 'ok';
    } catch (error) {
      outcomes[name] = `${error && error.stack ? error.stack : error}`;
    }
  }
  client.close();
  console.log(JSON.stringify(outcomes));
})();
