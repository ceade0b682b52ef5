// A collector: takes OTLP over gRPC and HTTP, decodes it with OpenTelemetry's own package and prints a line of JSON for each batch.
// Usage: node collector.js GRPC_PORT HTTP_PORT. It says "ready" when it listens.
'use strict';
const http = require('http');
const path = require('path');
const zlib = require('zlib');
const grpc = require('@grpc/grpc-js');

// The package exports no more than it needs itself; its generated messages are a file of it.
const transformer = path.dirname(require.resolve('@opentelemetry/otlp-transformer/package.json'));
const collector = require(path.join(transformer, 'build/src/generated/root.js')).opentelemetry.proto.collector;

const signals = {
  traces: { request: collector.trace.v1.ExportTraceServiceRequest, service: 'opentelemetry.proto.collector.trace.v1.TraceService' },
  logs: { request: collector.logs.v1.ExportLogsServiceRequest, service: 'opentelemetry.proto.collector.logs.v1.LogsService' },
  metrics: { request: collector.metrics.v1.ExportMetricsServiceRequest, service: 'opentelemetry.proto.collector.metrics.v1.MetricsService' },
};

function take(signal, protocol, bytes) {
  const type = signals[signal].request;
  const message = type.decode(bytes);
  // The decoder passes over what it does not know: then less comes out again than went in.
  const unknown = bytes.length - type.encode(message).finish().length;
  process.stdout.write(JSON.stringify({ signal, protocol, unknown, message: type.toObject(message, { longs: String, bytes: (value) => value, defaults: false }) }, (key, value) =>
    value && value.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value) + '\n');
}

const server = new grpc.Server();
for (const [signal, { service }] of Object.entries(signals)) {
  server.addService({
    Export: {
      path: `/${service}/Export`, requestStream: false, responseStream: false,
      requestSerialize: (value) => value, requestDeserialize: (value) => value, responseSerialize: (value) => value, responseDeserialize: (value) => value,
    },
  }, {
    Export: (call, callback) => {
      try {
        take(signal, 'grpc', call.request);
        callback(null, Buffer.alloc(0));
      } catch (error) {
        callback({ code: grpc.status.INVALID_ARGUMENT, message: String(error) });
      }
    },
  });
}

const web = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    try {
      const body = Buffer.concat(parts);
      take(request.url.replace('/v1/', ''), 'http', request.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(body) : body);
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
});

server.bindAsync(`127.0.0.1:${process.argv[2]}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) {
    throw error;
  }

  web.listen(Number(process.argv[3]), '127.0.0.1', () => process.stdout.write('"ready"\n'));
});
