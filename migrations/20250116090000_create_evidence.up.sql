-- Evidence: the items, who held them when, the witnesses, and what is shown at trial.

CREATE TYPE public.evidence_kind AS ENUM (
    'document', 'physical', 'digital', 'photograph', 'video', 'audio', 'sample');
CREATE TYPE public.evidence_status AS ENUM (
    'collected', 'in_storage', 'in_analysis', 'in_court', 'returned', 'destroyed');
CREATE TYPE public.custody_event_kind AS ENUM (
    'collection', 'transfer', 'storage', 'analysis', 'court', 'return', 'destruction');
CREATE TYPE public.witness_kind AS ENUM ('fact', 'expert', 'character', 'rebuttal');
CREATE TYPE public.witness_status AS ENUM (
    'identified', 'interviewed', 'subpoenaed', 'deposed', 'testified', 'withdrawn');
CREATE TYPE public.exhibit_status AS ENUM (
    'marked', 'offered', 'admitted', 'excluded', 'withdrawn');

CREATE TABLE public.evidence_items (
    id               uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id          uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    document_id      uuid REFERENCES public.legal_documents (id) ON DELETE SET NULL,
    esi_source_id    uuid REFERENCES public.esi_sources (id) ON DELETE SET NULL,
    collected_by     uuid REFERENCES public.users (id) ON DELETE SET NULL,
    evidence_number  text NOT NULL,
    name             text NOT NULL,
    description      text,
    kind             public.evidence_kind NOT NULL,
    status           public.evidence_status NOT NULL DEFAULT 'collected',
    collected_at     timestamptz NOT NULL,
    collected_from   text NOT NULL,
    location         text,
    checksum         text CHECK (checksum ~ '^[0-9a-f]{64}$'),
    metadata         jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz,
    CONSTRAINT evidence_items_number_unique UNIQUE (case_id, evidence_number)
);
CREATE INDEX evidence_items_document_id_idx ON public.evidence_items (document_id);
CREATE INDEX evidence_items_esi_source_id_idx ON public.evidence_items (esi_source_id);
CREATE INDEX evidence_items_collected_by_idx ON public.evidence_items (collected_by);

-- The chain is only worth something whole: no cascade removes a link, so an item that has a
-- chain, and the case around it, cannot be deleted. Rows are added, never changed.
CREATE TABLE public.chain_of_custody_events (
    id                uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    evidence_item_id  uuid NOT NULL REFERENCES public.evidence_items (id) ON DELETE RESTRICT,
    recorded_by       uuid NOT NULL REFERENCES public.users (id) ON DELETE RESTRICT,
    sequence_number   integer NOT NULL CHECK (sequence_number > 0),
    kind              public.custody_event_kind NOT NULL,
    from_holder       text,
    to_holder         text NOT NULL,
    location          text NOT NULL,
    seal_number       text,
    reason            text NOT NULL,
    occurred_at       timestamptz NOT NULL,
    metadata          jsonb NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT chain_of_custody_events_sequence_unique UNIQUE (evidence_item_id, sequence_number),
    CONSTRAINT chain_of_custody_events_starts_with_collection
        CHECK ((sequence_number = 1) = (kind = 'collection')),
    CONSTRAINT chain_of_custody_events_from_someone
        CHECK (sequence_number = 1 OR from_holder IS NOT NULL)
);
CREATE INDEX chain_of_custody_events_recorded_by_idx ON public.chain_of_custody_events (recorded_by);

CREATE TABLE public.witnesses (
    id                  uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id             uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    called_by_party_id  uuid REFERENCES public.parties (id) ON DELETE SET NULL,
    deposition_id       uuid REFERENCES public.depositions (id) ON DELETE SET NULL,
    name                text NOT NULL,
    kind                public.witness_kind NOT NULL,
    status              public.witness_status NOT NULL DEFAULT 'identified',
    expertise           text,
    email               public.citext,
    phone               text,
    testimony           text,
    fee_per_hour        numeric(15,2) CHECK (fee_per_hour >= 0),
    metadata            jsonb NOT NULL DEFAULT '{}',
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    deleted_at          timestamptz,
    CONSTRAINT witnesses_expert_has_expertise CHECK (kind <> 'expert' OR expertise IS NOT NULL)
);
CREATE INDEX witnesses_case_id_idx ON public.witnesses (case_id);
CREATE INDEX witnesses_called_by_party_id_idx ON public.witnesses (called_by_party_id);
CREATE INDEX witnesses_deposition_id_idx ON public.witnesses (deposition_id);
CREATE INDEX witnesses_name_trgm_idx ON public.witnesses
    USING gin (public.imm_unaccent(name) public.gin_trgm_ops);

CREATE TABLE public.trial_exhibits (
    id                     uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id                uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    evidence_item_id       uuid REFERENCES public.evidence_items (id) ON DELETE SET NULL,
    document_id            uuid REFERENCES public.legal_documents (id) ON DELETE SET NULL,
    offered_by_party_id    uuid REFERENCES public.parties (id) ON DELETE SET NULL,
    sponsoring_witness_id  uuid REFERENCES public.witnesses (id) ON DELETE SET NULL,
    exhibit_number         text NOT NULL,
    description            text NOT NULL,
    status                 public.exhibit_status NOT NULL DEFAULT 'marked',
    marked_on              date NOT NULL,
    ruled_on               date,
    objection              text,
    metadata               jsonb NOT NULL DEFAULT '{}',
    created_at             timestamptz NOT NULL DEFAULT now(),
    updated_at             timestamptz NOT NULL DEFAULT now(),
    deleted_at             timestamptz,
    CONSTRAINT trial_exhibits_number_unique UNIQUE (case_id, exhibit_number),
    CONSTRAINT trial_exhibits_ruled_after_marked CHECK (ruled_on >= marked_on),
    CONSTRAINT trial_exhibits_ruling_has_date
        CHECK (status NOT IN ('admitted', 'excluded') OR ruled_on IS NOT NULL)
);
CREATE INDEX trial_exhibits_evidence_item_id_idx ON public.trial_exhibits (evidence_item_id);
CREATE INDEX trial_exhibits_document_id_idx ON public.trial_exhibits (document_id);
CREATE INDEX trial_exhibits_offered_by_party_id_idx ON public.trial_exhibits (offered_by_party_id);
CREATE INDEX trial_exhibits_sponsoring_witness_id_idx ON public.trial_exhibits (sponsoring_witness_id);
