-- The application's log names tables that exist.
SELECT l.id, l.entity_table
  FROM public.audit_logs l
 WHERE l.entity_table IS NOT NULL
   AND to_regclass(format('public.%I', l.entity_table)) IS NULL;
