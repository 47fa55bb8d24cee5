SELECT 'pg_type'::regclass::oid::bigint, t.oid::bigint, 0, format('%I.%I', s.nspname, t.typname), NULL::text,
       CASE t.typtype
       WHEN 'e' THEN format(E'CREATE TYPE %I.%I AS ENUM (\n    %s\n)', s.nspname, t.typname,
            (SELECT string_agg(quote_literal(enumlabel), E',\n    ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
       WHEN 'c' THEN format(E'CREATE TYPE %I.%I AS (\n    %s\n)', s.nspname, t.typname,
            (SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), E',\n    ' ORDER BY attnum)
               FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped))
       ELSE format('CREATE DOMAIN %I.%I AS %s', s.nspname, t.typname, format_type(t.typbasetype, t.typtypmod))
            || CASE WHEN t.typcollation <> b.typcollation THEN
               (SELECT format(' COLLATE %I.%I', cn.nspname, co.collname) FROM pg_collation co
                  JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = t.typcollation) ELSE '' END
            || coalesce(' DEFAULT ' || t.typdefault, '') || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
            || coalesce((SELECT string_agg(format(E'\n    CONSTRAINT %I %s', conname, pg_get_constraintdef(k.oid)), '' ORDER BY conname)
                           FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')
       END,
       format(CASE t.typtype WHEN 'd' THEN 'DROP DOMAIN %I.%I' ELSE 'DROP TYPE %I.%I' END, s.nspname, t.typname),
       CASE t.typtype
       WHEN 'e' THEN jsonb_build_object('kind', 'enum', 'labels',
            (SELECT jsonb_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
       WHEN 'c' THEN jsonb_build_object('kind', 'composite', 'attributes',
            (SELECT coalesce(jsonb_agg(jsonb_build_array(quote_ident(attname), format_type(atttypid, atttypmod)) ORDER BY attnum), '[]')
               FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped))
       ELSE jsonb_build_object('kind', 'domain', 'base', format_type(t.typbasetype, t.typtypmod), 'collation', t.typcollation::regcollation::text,
            'default', t.typdefault, 'not_null', t.typnotnull, 'checks',
            (SELECT coalesce(jsonb_object_agg(quote_ident(conname), pg_get_constraintdef(k.oid)), '{}')
               FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'))
       END
  FROM pg_type t
  JOIN spaces s ON s.oid = t.typnamespace
  LEFT JOIN pg_type b ON b.oid = t.typbasetype
 WHERE (t.typtype IN ('e', 'd') OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
   AND NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
