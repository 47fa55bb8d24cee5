import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { readSettings } from './settings.js';

test('an empty environment means the ports of the stack', () => {
  const settings = readSettings({});

  assert.equal(settings.port, 3000);
  assert.equal(settings.wsPort, 3001);
  assert.equal(settings.database.port, 5432);
  assert.equal(settings.database.tls, undefined);
  assert.equal(settings.redis.password, undefined);
});

test('an empty redis password means none', () => {
  assert.equal(readSettings({ REDIS_PASSWORD: '' }).redis.password, undefined);
});

test('a secret can come from a file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'settings-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'password');
  writeFileSync(file, 'from a file\n');

  assert.equal(readSettings({ DB_PASSWORD_FILE: file }).database.password, 'from a file');
});

test('a certificate is verified unless the settings say otherwise', () => {
  assert.equal(readSettings({ DB_SSL: 'true' }).database.tls?.rejectUnauthorized, true);
  const trusting = readSettings({ DB_SSL: 'true', DB_SSL_REJECT_UNAUTHORIZED: 'false' });
  assert.equal(trusting.database.tls?.rejectUnauthorized, false);
});

test('every wrong value is named', () => {
  const wrong = { PORT: 'abc', DB_SSL: 'yes', LOG_LEVEL: 'loud', DB_PASSWORD_FILE: '/nowhere' };

  assert.throws(
    () => readSettings(wrong),
    (error: Error) =>
      ['PORT', 'DB_SSL', 'LOG_LEVEL', 'DB_PASSWORD_FILE'].every((name) =>
        error.message.includes(name),
      ),
  );
});
