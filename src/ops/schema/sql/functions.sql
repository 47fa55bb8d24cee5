SELECT 'pg_proc'::regclass::oid::bigint, p.oid::bigint, 0,
       format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), NULL::text,
       rtrim(pg_get_functiondef(p.oid), E'\n'),
       format('DROP %s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
              s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
       jsonb_build_object('kind', 'function', 'procedure', p.prokind = 'p',
           'signature', concat_ws(' -> ', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.prokind))
  FROM pg_proc p
  JOIN spaces s ON s.oid = p.pronamespace
 WHERE p.prokind IN ('f', 'p', 'w')
   AND NOT EXISTS (SELECT FROM members m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
   -- A range type makes its constructors itself.
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
