-- A document is its newest version: number, size and checksum agree, no version is missing.
SELECT d.id, d.title, d.current_version, v.newest, v.version_count
  FROM public.legal_documents d
 CROSS JOIN LATERAL (
    SELECT max(version) AS newest, count(*) AS version_count
      FROM public.document_versions WHERE document_id = d.id) v
  LEFT JOIN public.document_versions n ON n.document_id = d.id AND n.version = d.current_version
 WHERE d.deleted_at IS NULL
   AND (v.newest IS DISTINCT FROM d.current_version
     OR v.version_count <> d.current_version
     OR n.file_size IS DISTINCT FROM d.file_size
     OR n.checksum IS DISTINCT FROM d.checksum);
