-- Discovery: what is asked for, who is heard, where data lies, what must be kept or is privileged.

CREATE TYPE public.discovery_request_kind AS ENUM (
    'interrogatories', 'production', 'admission', 'subpoena', 'inspection');
CREATE TYPE public.discovery_request_status AS ENUM (
    'draft', 'served', 'answered', 'objected', 'overdue', 'withdrawn');
CREATE TYPE public.deposition_status AS ENUM ('noticed', 'scheduled', 'completed', 'cancelled');
CREATE TYPE public.esi_source_kind AS ENUM (
    'email', 'file_share', 'laptop', 'mobile_device', 'database', 'cloud_storage', 'messaging');
CREATE TYPE public.esi_source_status AS ENUM (
    'identified', 'preserved', 'collected', 'processed', 'produced', 'released');
CREATE TYPE public.legal_hold_status AS ENUM ('draft', 'active', 'released');
CREATE TYPE public.privilege_kind AS ENUM (
    'attorney_client', 'work_product', 'joint_defense', 'trade_secret', 'other');

CREATE TABLE public.discovery_requests (
    id                uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id           uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    from_party_id     uuid REFERENCES public.parties (id) ON DELETE SET NULL,
    to_party_id       uuid REFERENCES public.parties (id) ON DELETE SET NULL,
    document_id       uuid REFERENCES public.legal_documents (id) ON DELETE SET NULL,
    kind              public.discovery_request_kind NOT NULL,
    status            public.discovery_request_status NOT NULL DEFAULT 'draft',
    title             text NOT NULL,
    item_count        integer NOT NULL DEFAULT 1 CHECK (item_count > 0),
    served_on         date,
    response_due_on   date,
    responded_on      date,
    metadata          jsonb NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    deleted_at        timestamptz,
    CONSTRAINT discovery_requests_other_party CHECK (from_party_id <> to_party_id),
    CONSTRAINT discovery_requests_due_after_service CHECK (response_due_on >= served_on),
    CONSTRAINT discovery_requests_response_after_service CHECK (responded_on >= served_on),
    CONSTRAINT discovery_requests_served_has_date
        CHECK (status IN ('draft', 'withdrawn') OR served_on IS NOT NULL)
);
CREATE INDEX discovery_requests_case_id_idx ON public.discovery_requests (case_id);
CREATE INDEX discovery_requests_from_party_id_idx ON public.discovery_requests (from_party_id);
CREATE INDEX discovery_requests_to_party_id_idx ON public.discovery_requests (to_party_id);
CREATE INDEX discovery_requests_document_id_idx ON public.discovery_requests (document_id);

CREATE TABLE public.depositions (
    id                      uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id                 uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    deponent_party_id       uuid REFERENCES public.parties (id) ON DELETE SET NULL,
    taken_by                uuid REFERENCES public.users (id) ON DELETE SET NULL,
    transcript_document_id  uuid REFERENCES public.legal_documents (id) ON DELETE SET NULL,
    deponent_name           text NOT NULL,
    status                  public.deposition_status NOT NULL DEFAULT 'noticed',
    noticed_on              date NOT NULL,
    starts_at               timestamptz,
    ends_at                 timestamptz,
    location                text,
    court_reporter          text,
    is_video_recorded       boolean NOT NULL DEFAULT false,
    summary                 text,
    metadata                jsonb NOT NULL DEFAULT '{}',
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    deleted_at              timestamptz,
    CONSTRAINT depositions_end_after_start CHECK (ends_at > starts_at),
    CONSTRAINT depositions_scheduled_has_start
        CHECK (status IN ('noticed', 'cancelled') OR starts_at IS NOT NULL)
);
CREATE INDEX depositions_case_id_idx ON public.depositions (case_id);
CREATE INDEX depositions_deponent_party_id_idx ON public.depositions (deponent_party_id);
CREATE INDEX depositions_taken_by_idx ON public.depositions (taken_by);
CREATE INDEX depositions_transcript_document_id_idx ON public.depositions (transcript_document_id);

-- A hold proves what the firm told whom to keep. No cascade removes it: a case under hold stays.
CREATE TABLE public.legal_holds (
    id           uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id      uuid NOT NULL REFERENCES public.cases (id) ON DELETE RESTRICT,
    issued_by    uuid NOT NULL REFERENCES public.users (id) ON DELETE RESTRICT,
    name         text NOT NULL,
    status       public.legal_hold_status NOT NULL DEFAULT 'draft',
    scope        text NOT NULL,
    covers_from  date,
    covers_to    date,
    issued_on    date,
    released_on  date,
    metadata     jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    CONSTRAINT legal_holds_cover_in_order CHECK (covers_to >= covers_from),
    CONSTRAINT legal_holds_release_after_issue CHECK (released_on >= issued_on),
    CONSTRAINT legal_holds_issued_unless_draft CHECK (status = 'draft' OR issued_on IS NOT NULL),
    CONSTRAINT legal_holds_released_has_date
        CHECK ((status = 'released') = (released_on IS NOT NULL))
);
CREATE INDEX legal_holds_case_id_idx ON public.legal_holds (case_id);
CREATE INDEX legal_holds_issued_by_idx ON public.legal_holds (issued_by);

CREATE TABLE public.legal_hold_custodians (
    id               uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    legal_hold_id    uuid NOT NULL REFERENCES public.legal_holds (id) ON DELETE RESTRICT,
    name             text NOT NULL,
    email            public.citext NOT NULL,
    notified_at      timestamptz,
    acknowledged_at  timestamptz,
    released_at      timestamptz,
    metadata         jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT legal_hold_custodians_unique UNIQUE (legal_hold_id, email),
    CONSTRAINT legal_hold_custodians_acknowledge_after_notice CHECK (acknowledged_at >= notified_at),
    CONSTRAINT legal_hold_custodians_release_after_notice CHECK (released_at >= notified_at)
);

CREATE TABLE public.esi_sources (
    id              uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id         uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    legal_hold_id   uuid REFERENCES public.legal_holds (id) ON DELETE SET NULL,
    name            text NOT NULL,
    kind            public.esi_source_kind NOT NULL,
    status          public.esi_source_status NOT NULL DEFAULT 'identified',
    custodian_name  text NOT NULL,
    location        text,
    size_bytes      bigint CHECK (size_bytes >= 0),
    item_count      integer CHECK (item_count >= 0),
    collected_at    timestamptz,
    metadata        jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    CONSTRAINT esi_sources_collected_has_time
        CHECK (status NOT IN ('collected', 'processed', 'produced') OR collected_at IS NOT NULL)
);
CREATE INDEX esi_sources_case_id_idx ON public.esi_sources (case_id);
CREATE INDEX esi_sources_legal_hold_id_idx ON public.esi_sources (legal_hold_id);

CREATE TABLE public.privilege_log_entries (
    id                    uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id               uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    document_id           uuid REFERENCES public.legal_documents (id) ON DELETE SET NULL,
    discovery_request_id  uuid REFERENCES public.discovery_requests (id) ON DELETE SET NULL,
    entry_number          integer NOT NULL CHECK (entry_number > 0),
    kind                  public.privilege_kind NOT NULL,
    dated_on              date NOT NULL,
    author_name           text NOT NULL,
    recipients            text[] NOT NULL DEFAULT '{}',
    subject               text NOT NULL,
    basis                 text NOT NULL,
    is_challenged         boolean NOT NULL DEFAULT false,
    metadata              jsonb NOT NULL DEFAULT '{}',
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    deleted_at            timestamptz,
    CONSTRAINT privilege_log_entries_number_unique UNIQUE (case_id, entry_number)
);
CREATE INDEX privilege_log_entries_document_id_idx ON public.privilege_log_entries (document_id);
CREATE INDEX privilege_log_entries_discovery_request_id_idx
    ON public.privilege_log_entries (discovery_request_id);
