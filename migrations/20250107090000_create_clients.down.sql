DROP TABLE public.legal_entities;
DROP TABLE public.clients;
DROP TABLE public.organizations;
DROP TYPE public.client_status;
DROP TYPE public.client_kind;
DROP TYPE public.organization_kind;
