-- What needs what. The last word is how much: 'a' and 'i' go with what they need, 'n' stands in its way.
SELECT classid::bigint, objid::bigint, objsubid, refclassid::bigint, refobjid::bigint, refobjsubid
  FROM pg_depend WHERE deptype IN ('n', 'a', 'i')
