-- What is put before a court: pleadings, motions, and the docket that lists them.

CREATE TYPE public.pleading_kind AS ENUM (
    'complaint', 'answer', 'counterclaim', 'cross_claim', 'reply', 'petition', 'response',
    'amended_complaint');
CREATE TYPE public.pleading_status AS ENUM ('draft', 'filed', 'served', 'stricken', 'withdrawn');
CREATE TYPE public.motion_kind AS ENUM (
    'dismiss', 'summary_judgment', 'compel', 'protective_order', 'in_limine', 'continuance',
    'preliminary_injunction', 'sanctions', 'reconsideration', 'other');
CREATE TYPE public.motion_status AS ENUM (
    'draft', 'filed', 'opposed', 'heard', 'granted', 'granted_in_part', 'denied', 'withdrawn');
CREATE TYPE public.docket_entry_kind AS ENUM (
    'filing', 'order', 'hearing', 'notice', 'minute_entry', 'judgment', 'summons');

CREATE TABLE public.pleading_documents (
    id                  uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id             uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    document_id         uuid REFERENCES public.legal_documents (id) ON DELETE SET NULL,
    filed_by_party_id   uuid REFERENCES public.parties (id) ON DELETE SET NULL,
    kind                public.pleading_kind NOT NULL,
    status              public.pleading_status NOT NULL DEFAULT 'draft',
    title               text NOT NULL,
    claims              text[] NOT NULL DEFAULT '{}',
    due_on              date,
    filed_on            date,
    served_on           date,
    metadata            jsonb NOT NULL DEFAULT '{}',
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    deleted_at          timestamptz,
    CONSTRAINT pleading_documents_served_after_filed CHECK (served_on >= filed_on),
    CONSTRAINT pleading_documents_filed_has_date
        CHECK (status NOT IN ('filed', 'served') OR filed_on IS NOT NULL)
);
CREATE INDEX pleading_documents_case_id_idx ON public.pleading_documents (case_id);
CREATE INDEX pleading_documents_document_id_idx ON public.pleading_documents (document_id);
CREATE INDEX pleading_documents_filed_by_party_id_idx ON public.pleading_documents (filed_by_party_id);

CREATE TABLE public.motions (
    id                 uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id            uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    document_id        uuid REFERENCES public.legal_documents (id) ON DELETE SET NULL,
    filed_by_party_id  uuid REFERENCES public.parties (id) ON DELETE SET NULL,
    kind               public.motion_kind NOT NULL,
    status             public.motion_status NOT NULL DEFAULT 'draft',
    title              text NOT NULL,
    relief_sought      text,
    filed_on           date,
    response_due_on    date,
    hearing_at         timestamptz,
    decided_on         date,
    ruling             text,
    metadata           jsonb NOT NULL DEFAULT '{}',
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    deleted_at         timestamptz,
    CONSTRAINT motions_response_after_filing CHECK (response_due_on >= filed_on),
    CONSTRAINT motions_decision_after_filing CHECK (decided_on >= filed_on),
    CONSTRAINT motions_ruled_has_date
        CHECK (status NOT IN ('granted', 'granted_in_part', 'denied') OR decided_on IS NOT NULL)
);
CREATE INDEX motions_case_id_idx ON public.motions (case_id);
CREATE INDEX motions_document_id_idx ON public.motions (document_id);
CREATE INDEX motions_filed_by_party_id_idx ON public.motions (filed_by_party_id);
CREATE INDEX motions_hearing_at_idx ON public.motions (hearing_at) WHERE decided_on IS NULL;

CREATE TABLE public.docket_entries (
    id                 uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id            uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    document_id        uuid REFERENCES public.legal_documents (id) ON DELETE SET NULL,
    filed_by_party_id  uuid REFERENCES public.parties (id) ON DELETE SET NULL,
    entry_number       integer NOT NULL CHECK (entry_number > 0),
    kind               public.docket_entry_kind NOT NULL,
    description        text NOT NULL,
    entered_on         date NOT NULL,
    is_sealed          boolean NOT NULL DEFAULT false,
    metadata           jsonb NOT NULL DEFAULT '{}',
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    deleted_at         timestamptz,
    CONSTRAINT docket_entries_number_unique UNIQUE (case_id, entry_number)
);
CREATE INDEX docket_entries_document_id_idx ON public.docket_entries (document_id);
CREATE INDEX docket_entries_filed_by_party_id_idx ON public.docket_entries (filed_by_party_id);
