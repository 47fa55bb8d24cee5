SELECT 'pg_rewrite'::regclass::oid::bigint, r.oid::bigint, 0, format('%I ON %s', r.rulename, c.id), c.id,
       rtrim(pg_get_ruledef(r.oid), ';'), format('DROP RULE %I ON %s', r.rulename, c.id),
       jsonb_build_object('kind', 'rule')
  FROM pg_rewrite r
  JOIN (SELECT oid, id FROM tables UNION ALL SELECT oid, id FROM relations WHERE relkind = 'v') c ON c.oid = r.ev_class
 WHERE r.rulename <> '_RETURN'
