-- Cases and what a case is made of. What belongs to a case goes with it.

CREATE TYPE public.practice_area AS ENUM (
    'litigation', 'corporate', 'employment', 'intellectual_property', 'real_estate', 'family',
    'estate', 'environmental', 'insurance', 'regulatory', 'tax', 'bankruptcy');
CREATE TYPE public.billing_kind AS ENUM ('hourly', 'flat_fee', 'contingency', 'pro_bono');
CREATE TYPE public.party_kind AS ENUM ('individual', 'organization', 'government');
CREATE TYPE public.party_role AS ENUM (
    'plaintiff', 'defendant', 'petitioner', 'respondent', 'appellant', 'appellee',
    'third_party', 'intervenor', 'insurer', 'counterparty');
CREATE TYPE public.case_team_role AS ENUM (
    'lead_counsel', 'co_counsel', 'associate', 'paralegal', 'assistant', 'billing', 'observer');
CREATE TYPE public.phase_kind AS ENUM (
    'intake', 'investigation', 'pleadings', 'discovery', 'motions', 'negotiation', 'trial',
    'appeal', 'closing');
CREATE TYPE public.work_status AS ENUM ('planned', 'active', 'on_hold', 'completed', 'cancelled');

CREATE TABLE public.cases (
    id                       uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_number              text NOT NULL UNIQUE,
    client_id                uuid NOT NULL REFERENCES public.clients (id) ON DELETE RESTRICT,
    lead_attorney_id         uuid REFERENCES public.users (id) ON DELETE SET NULL,
    title                    text NOT NULL,
    description              text,
    status                   public.case_status NOT NULL DEFAULT 'draft',
    priority                 public.case_priority NOT NULL DEFAULT 'medium',
    practice_area            public.practice_area NOT NULL,
    billing_kind             public.billing_kind NOT NULL DEFAULT 'hourly',
    court                    text,
    judge                    text,
    docket_number            text,
    jurisdiction             text,
    estimated_value          numeric(15,2) CHECK (estimated_value >= 0),
    opened_on                date NOT NULL,
    filed_on                 date,
    trial_on                 date,
    closed_on                date,
    limitation_on            date, -- Last day to file under the statute of limitations.
    metadata                 jsonb NOT NULL DEFAULT '{}',
    created_at               timestamptz NOT NULL DEFAULT now(),
    updated_at               timestamptz NOT NULL DEFAULT now(),
    deleted_at               timestamptz,
    CONSTRAINT cases_close_after_open CHECK (closed_on >= opened_on),
    CONSTRAINT cases_trial_after_filing CHECK (trial_on >= filed_on),
    CONSTRAINT cases_closed_has_date
        CHECK (status NOT IN ('closed', 'archived') OR closed_on IS NOT NULL)
);
CREATE INDEX cases_client_id_idx ON public.cases (client_id);
CREATE INDEX cases_lead_attorney_id_idx ON public.cases (lead_attorney_id);
CREATE INDEX cases_status_priority_idx ON public.cases (status, priority) WHERE deleted_at IS NULL;
CREATE INDEX cases_title_trgm_idx ON public.cases
    USING gin (public.imm_unaccent(title) public.gin_trgm_ops);

CREATE TABLE public.parties (
    id                    uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id               uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    legal_entity_id       uuid REFERENCES public.legal_entities (id) ON DELETE SET NULL,
    name                  text NOT NULL,
    kind                  public.party_kind NOT NULL,
    role                  public.party_role NOT NULL,
    is_our_client         boolean NOT NULL DEFAULT false,
    counsel_name          text,
    counsel_firm          text,
    email                 public.citext,
    phone                 text,
    joined_on             date,
    dismissed_on          date,
    metadata              jsonb NOT NULL DEFAULT '{}',
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    deleted_at            timestamptz,
    CONSTRAINT parties_dismissed_after_joined CHECK (dismissed_on >= joined_on)
);
CREATE INDEX parties_case_id_idx ON public.parties (case_id);
CREATE INDEX parties_legal_entity_id_idx ON public.parties (legal_entity_id);
CREATE INDEX parties_name_trgm_idx ON public.parties
    USING gin (public.imm_unaccent(name) public.gin_trgm_ops);

CREATE TABLE public.case_team_members (
    id           uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id      uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    user_id      uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    role         public.case_team_role NOT NULL,
    hourly_rate  numeric(15,2) CHECK (hourly_rate >= 0),
    assigned_on  date NOT NULL,
    left_on      date,
    metadata     jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    CONSTRAINT case_team_members_unique UNIQUE (case_id, user_id),
    CONSTRAINT case_team_members_left_after_assigned CHECK (left_on >= assigned_on)
);
CREATE INDEX case_team_members_user_id_idx ON public.case_team_members (user_id);

CREATE TABLE public.case_phases (
    id               uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id          uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    kind             public.phase_kind NOT NULL,
    position         integer NOT NULL CHECK (position > 0),
    status           public.work_status NOT NULL DEFAULT 'planned',
    planned_start_on date,
    planned_end_on   date,
    started_on       date,
    ended_on         date,
    budget           numeric(15,2) CHECK (budget >= 0),
    metadata         jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz,
    CONSTRAINT case_phases_position_unique UNIQUE (case_id, position),
    CONSTRAINT case_phases_planned_end_after_start CHECK (planned_end_on >= planned_start_on),
    CONSTRAINT case_phases_end_after_start CHECK (ended_on >= started_on)
);

CREATE TABLE public.projects (
    id            uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id       uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    manager_id    uuid REFERENCES public.users (id) ON DELETE SET NULL,
    name          text NOT NULL,
    description   text,
    status        public.work_status NOT NULL DEFAULT 'planned',
    starts_on     date,
    due_on        date,
    completed_on  date,
    budget        numeric(15,2) CHECK (budget >= 0),
    metadata      jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz,
    CONSTRAINT projects_due_after_start CHECK (due_on >= starts_on),
    CONSTRAINT projects_completed_after_start CHECK (completed_on >= starts_on),
    CONSTRAINT projects_completed_has_date
        CHECK (status <> 'completed' OR completed_on IS NOT NULL)
);
CREATE INDEX projects_case_id_idx ON public.projects (case_id);
CREATE INDEX projects_manager_id_idx ON public.projects (manager_id);
