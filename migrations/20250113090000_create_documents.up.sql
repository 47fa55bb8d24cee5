-- Documents, their versions and the clauses they are built from, with full-text search.

CREATE TYPE public.document_status AS ENUM (
    'draft', 'in_review', 'approved', 'filed', 'executed', 'superseded', 'archived');
CREATE TYPE public.clause_kind AS ENUM (
    'confidentiality', 'indemnity', 'limitation_of_liability', 'termination', 'governing_law',
    'dispute_resolution', 'payment', 'warranty', 'intellectual_property', 'force_majeure',
    'assignment', 'general');

CREATE TABLE public.legal_documents (
    id               uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id          uuid REFERENCES public.cases (id) ON DELETE SET NULL,
    client_id        uuid REFERENCES public.clients (id) ON DELETE SET NULL,
    author_id        uuid REFERENCES public.users (id) ON DELETE SET NULL,
    title            text NOT NULL,
    description      text,
    kind             public.document_type NOT NULL,
    status           public.document_status NOT NULL DEFAULT 'draft',
    content          text,
    file_name        text NOT NULL,
    file_path        text NOT NULL UNIQUE,
    mime_type        text NOT NULL,
    file_size        bigint NOT NULL CHECK (file_size >= 0),
    checksum         text NOT NULL CHECK (checksum ~ '^[0-9a-f]{64}$'),
    page_count       integer CHECK (page_count > 0),
    language         text NOT NULL DEFAULT 'en' CHECK (language ~ '^[a-z]{2}$'),
    is_confidential  boolean NOT NULL DEFAULT false,
    is_privileged    boolean NOT NULL DEFAULT false,
    current_version  integer NOT NULL DEFAULT 1 CHECK (current_version > 0),
    dated_on         date,
    filed_on         date,
    search_vector    tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('public.legal_english'::regconfig, title), 'A')
        || setweight(to_tsvector('public.legal_english'::regconfig, coalesce(description, '')), 'B')
        || setweight(to_tsvector('public.legal_english'::regconfig, coalesce(content, '')), 'C')
    ) STORED,
    metadata         jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz,
    CONSTRAINT legal_documents_filed_has_date CHECK (status <> 'filed' OR filed_on IS NOT NULL)
);
CREATE INDEX legal_documents_case_id_idx ON public.legal_documents (case_id);
CREATE INDEX legal_documents_client_id_idx ON public.legal_documents (client_id);
CREATE INDEX legal_documents_author_id_idx ON public.legal_documents (author_id);
CREATE INDEX legal_documents_kind_status_idx ON public.legal_documents (kind, status)
    WHERE deleted_at IS NULL;
CREATE INDEX legal_documents_checksum_idx ON public.legal_documents (checksum);
CREATE INDEX legal_documents_search_vector_idx ON public.legal_documents USING gin (search_vector);
CREATE INDEX legal_documents_title_trgm_idx ON public.legal_documents
    USING gin (public.imm_unaccent(title) public.gin_trgm_ops);
CREATE INDEX legal_documents_metadata_idx ON public.legal_documents
    USING gin (metadata jsonb_path_ops);

CREATE TABLE public.document_versions (
    id           uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    document_id  uuid NOT NULL REFERENCES public.legal_documents (id) ON DELETE CASCADE,
    author_id    uuid REFERENCES public.users (id) ON DELETE SET NULL,
    version      integer NOT NULL CHECK (version > 0),
    file_name    text NOT NULL,
    file_path    text NOT NULL UNIQUE,
    file_size    bigint NOT NULL CHECK (file_size >= 0),
    checksum     text NOT NULL CHECK (checksum ~ '^[0-9a-f]{64}$'),
    change_note  text,
    metadata     jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    CONSTRAINT document_versions_unique UNIQUE (document_id, version)
);
CREATE INDEX document_versions_author_id_idx ON public.document_versions (author_id);

-- Without a document it is a clause of the library.
CREATE TABLE public.clauses (
    id             uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    document_id    uuid REFERENCES public.legal_documents (id) ON DELETE CASCADE,
    source_id      uuid REFERENCES public.clauses (id) ON DELETE SET NULL,
    title          text NOT NULL,
    kind           public.clause_kind NOT NULL,
    body           text NOT NULL,
    jurisdiction   text,
    position       integer CHECK (position > 0),
    search_vector  tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('public.legal_english'::regconfig, title), 'A')
        || setweight(to_tsvector('public.legal_english'::regconfig, body), 'C')
    ) STORED,
    metadata       jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    deleted_at     timestamptz,
    CONSTRAINT clauses_position_unique UNIQUE (document_id, position),
    CONSTRAINT clauses_position_only_in_document
        CHECK ((document_id IS NULL) = (position IS NULL))
);
CREATE INDEX clauses_source_id_idx ON public.clauses (source_id);
CREATE INDEX clauses_kind_idx ON public.clauses (kind);
CREATE INDEX clauses_search_vector_idx ON public.clauses USING gin (search_vector);
