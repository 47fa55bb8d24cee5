-- No row of the tables that matter most was changed or deleted before it was made.
SELECT r.source_table, r.id, r.created_at, r.updated_at, r.deleted_at
  FROM (
    SELECT 'users' AS source_table, id, created_at, updated_at, deleted_at FROM public.users
    UNION ALL
    SELECT 'clients', id, created_at, updated_at, deleted_at FROM public.clients
    UNION ALL
    SELECT 'cases', id, created_at, updated_at, deleted_at FROM public.cases
    UNION ALL
    SELECT 'invoices', id, created_at, updated_at, deleted_at FROM public.invoices
    UNION ALL
    SELECT 'time_entries', id, created_at, updated_at, deleted_at FROM public.time_entries
    UNION ALL
    SELECT 'legal_documents', id, created_at, updated_at, deleted_at FROM public.legal_documents) r
 WHERE r.updated_at < r.created_at
    OR r.deleted_at < r.created_at;
