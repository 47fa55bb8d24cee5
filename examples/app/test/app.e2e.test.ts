// Against real servers: DB_* and REDIS_* name a migrated database and a Redis, as `lexi run test-e2e` sets them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';

import type { INestApplication } from '@nestjs/common';
import { WebSocket } from 'ws';

// The websocket shares a free port with HTTP, so that a running application is not in the way.
process.env.WS_PORT = '0';
process.env.LOG_LEVEL ??= 'warn';

let app: INestApplication;
let address: string;

before(async () => {
  const { createApp } = await import('../src/app.js');
  const { readSettings } = await import('../src/config/settings.js');
  app = await createApp(readSettings(process.env));
  await app.listen(0, '127.0.0.1');
  address = `127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
});

after(() => app?.close());

async function ask(query: string): Promise<{ data: Record<string, unknown>; errors?: unknown }> {
  const response = await fetch(`http://${address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Awaited<ReturnType<typeof ask>>;
}

test('health names both servers as up', async () => {
  const response = await fetch(`http://${address}/health`);

  const health = await response.json();
  assert.deepEqual(health, { status: 'ok', postgres: 'up', redis: 'up' });
  assert.equal(response.status, 200);
});

test('graphql reads cases from postgres', async () => {
  const { data, errors } = await ask('{ caseCount cases(limit: 5) { number status openedOn } }');

  assert.equal(errors, undefined);
  assert.equal((data.cases as unknown[]).length, Math.min(5, data.caseCount as number));
});

test('a case that is not there is null', async () => {
  const { data, errors } = await ask('{ case(number: "no such case") { id } }');

  assert.equal(errors, undefined);
  assert.equal(data.case, null);
});

test('the websocket answers a ping', async () => {
  const socket = new WebSocket(`ws://${address}`);
  await once(socket, 'open');

  socket.send(JSON.stringify({ event: 'ping' }));
  const [message] = await once(socket, 'message');

  assert.equal(JSON.parse(String(message)).event, 'pong');
  socket.close();
});
