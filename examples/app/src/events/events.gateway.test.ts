import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventsGateway } from './events.gateway.js';

test('a ping is answered with a pong', () => {
  assert.equal(new EventsGateway().ping().event, 'pong');
});

test('an echo brings back what was sent', () => {
  assert.deepEqual(new EventsGateway().echo({ a: [1] }), { event: 'echo', data: { a: [1] } });
});
