-- The name of a view's column is told here: it is no object of its own.
SELECT d.classoid::bigint, d.objoid::bigint, d.objsubid, d.description, quote_ident(a.attname)
  FROM pg_description d
  LEFT JOIN pg_attribute a ON d.classoid = 'pg_class'::regclass AND a.attrelid = d.objoid
       AND a.attnum = d.objsubid AND d.objsubid > 0
 WHERE d.classoid::regclass::text IN ('pg_namespace', 'pg_class', 'pg_type', 'pg_proc', 'pg_constraint',
       'pg_trigger', 'pg_policy', 'pg_rewrite', 'pg_statistic_ext')
