DROP TABLE public.docket_entries;
DROP TABLE public.motions;
DROP TABLE public.pleading_documents;
DROP TYPE public.docket_entry_kind;
DROP TYPE public.motion_status;
DROP TYPE public.motion_kind;
DROP TYPE public.pleading_status;
DROP TYPE public.pleading_kind;
