SELECT 'pg_constraint'::regclass::oid::bigint, k.oid::bigint, 0, format('%I ON %s', k.conname, c.id), c.id,
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.id, k.conname, pg_get_constraintdef(k.oid)),
       format('ALTER TABLE %s DROP CONSTRAINT %I', c.id, k.conname),
       jsonb_build_object('kind', 'constraint', 'name', quote_ident(k.conname), 'sort', k.contype,
           'definition', pg_get_constraintdef(k.oid), 'columns',
           (SELECT coalesce(jsonb_agg(format('%s.%I', c.id, attname)), '[]') FROM pg_attribute
             WHERE attrelid = c.oid AND attnum = ANY (k.conkey)))
  FROM tables c
  JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'f', 'x')
