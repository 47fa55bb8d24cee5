DROP TABLE public.clauses;
DROP TABLE public.document_versions;
DROP TABLE public.legal_documents;
DROP TYPE public.clause_kind;
DROP TYPE public.document_status;
