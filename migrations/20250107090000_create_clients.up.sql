-- Clients: who is served, the organizations behind them, and the legal entities they act through.

CREATE TYPE public.organization_kind AS ENUM (
    'corporation', 'llc', 'partnership', 'nonprofit', 'government', 'trust', 'other');
CREATE TYPE public.client_kind AS ENUM ('individual', 'organization');
CREATE TYPE public.client_status AS ENUM ('prospect', 'active', 'inactive', 'former');

CREATE TABLE public.organizations (
    id             uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    parent_id      uuid REFERENCES public.organizations (id) ON DELETE SET NULL,
    name           text NOT NULL,
    kind           public.organization_kind NOT NULL,
    industry       text,
    jurisdiction   text,
    tax_number     text UNIQUE,
    email          public.citext,
    phone          text,
    website        text,
    address_line1  text,
    address_line2  text,
    city           text,
    region         text,
    postal_code    text,
    country        text NOT NULL DEFAULT 'US' CHECK (country ~ '^[A-Z]{2}$'),
    metadata       jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    deleted_at     timestamptz,
    CONSTRAINT organizations_not_own_parent CHECK (parent_id <> id)
);
CREATE INDEX organizations_parent_id_idx ON public.organizations (parent_id);
CREATE INDEX organizations_name_trgm_idx ON public.organizations
    USING gin (public.imm_unaccent(name) public.gin_trgm_ops);

CREATE TABLE public.clients (
    id                       uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    client_number            text NOT NULL UNIQUE,
    organization_id          uuid REFERENCES public.organizations (id) ON DELETE SET NULL,
    responsible_attorney_id  uuid REFERENCES public.users (id) ON DELETE SET NULL,
    name                     text NOT NULL,
    kind                     public.client_kind NOT NULL,
    status                   public.client_status NOT NULL DEFAULT 'prospect',
    contact_name             text,
    email                    public.citext,
    phone                    text,
    address_line1            text,
    city                     text,
    region                   text,
    postal_code              text,
    country                  text NOT NULL DEFAULT 'US' CHECK (country ~ '^[A-Z]{2}$'),
    payment_terms_days       integer NOT NULL DEFAULT 30 CHECK (payment_terms_days BETWEEN 0 AND 180),
    credit_limit             numeric(15,2) CHECK (credit_limit >= 0),
    opened_on                date,
    closed_on                date,
    metadata                 jsonb NOT NULL DEFAULT '{}',
    created_at               timestamptz NOT NULL DEFAULT now(),
    updated_at               timestamptz NOT NULL DEFAULT now(),
    deleted_at               timestamptz,
    CONSTRAINT clients_close_after_open CHECK (closed_on >= opened_on)
);
CREATE INDEX clients_organization_id_idx ON public.clients (organization_id);
CREATE INDEX clients_responsible_attorney_id_idx ON public.clients (responsible_attorney_id);
CREATE INDEX clients_status_idx ON public.clients (status) WHERE deleted_at IS NULL;
CREATE INDEX clients_name_trgm_idx ON public.clients
    USING gin (public.imm_unaccent(name) public.gin_trgm_ops);

CREATE TABLE public.legal_entities (
    id                   uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    client_id            uuid REFERENCES public.clients (id) ON DELETE CASCADE,
    organization_id      uuid REFERENCES public.organizations (id) ON DELETE SET NULL,
    parent_entity_id     uuid REFERENCES public.legal_entities (id) ON DELETE SET NULL,
    name                 text NOT NULL,
    kind                 public.organization_kind NOT NULL,
    jurisdiction         text NOT NULL,
    registration_number  text,
    registered_agent     text,
    ownership_percent    numeric(5,2) CHECK (ownership_percent BETWEEN 0 AND 100),
    formed_on            date,
    dissolved_on         date,
    metadata             jsonb NOT NULL DEFAULT '{}',
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    deleted_at           timestamptz,
    CONSTRAINT legal_entities_registration_unique UNIQUE (jurisdiction, registration_number),
    CONSTRAINT legal_entities_not_own_parent CHECK (parent_entity_id <> id),
    CONSTRAINT legal_entities_dissolve_after_form CHECK (dissolved_on >= formed_on)
);
CREATE INDEX legal_entities_client_id_idx ON public.legal_entities (client_id);
CREATE INDEX legal_entities_organization_id_idx ON public.legal_entities (organization_id);
CREATE INDEX legal_entities_parent_entity_id_idx ON public.legal_entities (parent_entity_id);
CREATE INDEX legal_entities_name_trgm_idx ON public.legal_entities
    USING gin (public.imm_unaccent(name) public.gin_trgm_ops);
