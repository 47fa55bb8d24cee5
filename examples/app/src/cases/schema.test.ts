import assert from 'node:assert/strict';
import { test } from 'node:test';

import { graphql } from 'graphql';

import type { CasesService } from './cases.service.js';
import { CaseQueries, schema } from './schema.js';

// These questions are answered before the database is asked.
const queries = new CaseQueries({} as CasesService);

test('a limit out of range is refused', async () => {
  const { errors } = await graphql({
    schema,
    rootValue: queries,
    source: '{ cases(limit: 0) { id } }',
  });

  assert.match(String(errors?.[0]?.message), /limit must be 1 to 100, not 0/);
});

test('an unknown field is refused with its name', async () => {
  const { errors } = await graphql({ schema, rootValue: queries, source: '{ cases { judge } }' });

  assert.match(String(errors?.[0]?.message), /judge/);
});
