-- Compliance: the application's own log, conflict checks, ethical walls and audits.

CREATE TYPE public.audit_action AS ENUM (
    'login', 'logout', 'login_failed', 'create', 'read', 'update', 'delete', 'export', 'share',
    'permission_change');
CREATE TYPE public.audit_severity AS ENUM ('info', 'notice', 'warning', 'critical');
CREATE TYPE public.conflict_check_status AS ENUM (
    'pending', 'clear', 'potential', 'conflict', 'waived');
CREATE TYPE public.ethical_wall_status AS ENUM ('draft', 'active', 'lifted');
CREATE TYPE public.wall_side AS ENUM ('inside', 'screened');
CREATE TYPE public.compliance_audit_kind AS ENUM (
    'trust_account', 'data_protection', 'billing', 'retention', 'access', 'ethics');
CREATE TYPE public.compliance_audit_status AS ENUM (
    'planned', 'in_progress', 'passed', 'passed_with_findings', 'failed');

-- What a person did, as the application tells it. What changed in a row is in schema `audit`.
-- Rows are added, never changed, and outlive the account that caused them.
CREATE TABLE public.audit_logs (
    id           uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    user_id      uuid REFERENCES public.users (id) ON DELETE RESTRICT,
    action       public.audit_action NOT NULL,
    severity     public.audit_severity NOT NULL DEFAULT 'info',
    entity_table text,
    entity_id    uuid,
    description  text NOT NULL,
    ip_address   inet,
    user_agent   text,
    metadata     jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT audit_logs_entity_is_whole CHECK ((entity_table IS NULL) = (entity_id IS NULL))
);
CREATE INDEX audit_logs_user_id_idx ON public.audit_logs (user_id);
CREATE INDEX audit_logs_entity_idx ON public.audit_logs (entity_table, entity_id);
CREATE INDEX audit_logs_created_at_idx ON public.audit_logs (created_at);

CREATE TABLE public.conflict_checks (
    id            uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    requested_by  uuid NOT NULL REFERENCES public.users (id) ON DELETE RESTRICT,
    resolved_by   uuid REFERENCES public.users (id) ON DELETE SET NULL,
    client_id     uuid REFERENCES public.clients (id) ON DELETE SET NULL,
    case_id       uuid REFERENCES public.cases (id) ON DELETE SET NULL,
    search_terms  text[] NOT NULL CHECK (cardinality(search_terms) > 0),
    status        public.conflict_check_status NOT NULL DEFAULT 'pending',
    match_count   integer NOT NULL DEFAULT 0 CHECK (match_count >= 0),
    requested_at  timestamptz NOT NULL,
    resolved_at   timestamptz,
    resolution    text,
    metadata      jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz,
    CONSTRAINT conflict_checks_resolved_after_request CHECK (resolved_at >= requested_at),
    CONSTRAINT conflict_checks_resolved_unless_pending
        CHECK ((status = 'pending') = (resolved_at IS NULL))
);
CREATE INDEX conflict_checks_requested_by_idx ON public.conflict_checks (requested_by);
CREATE INDEX conflict_checks_resolved_by_idx ON public.conflict_checks (resolved_by);
CREATE INDEX conflict_checks_client_id_idx ON public.conflict_checks (client_id);
CREATE INDEX conflict_checks_case_id_idx ON public.conflict_checks (case_id);
CREATE INDEX conflict_checks_search_terms_idx ON public.conflict_checks USING gin (search_terms);

CREATE TABLE public.ethical_walls (
    id              uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id         uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    created_by      uuid NOT NULL REFERENCES public.users (id) ON DELETE RESTRICT,
    name            text NOT NULL,
    reason          text NOT NULL,
    status          public.ethical_wall_status NOT NULL DEFAULT 'draft',
    effective_from  date,
    effective_to    date,
    metadata        jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    CONSTRAINT ethical_walls_to_after_from CHECK (effective_to >= effective_from),
    CONSTRAINT ethical_walls_effective_unless_draft
        CHECK (status = 'draft' OR effective_from IS NOT NULL),
    CONSTRAINT ethical_walls_lifted_has_end
        CHECK ((status = 'lifted') = (effective_to IS NOT NULL))
);
CREATE INDEX ethical_walls_case_id_idx ON public.ethical_walls (case_id);
CREATE INDEX ethical_walls_created_by_idx ON public.ethical_walls (created_by);

CREATE TABLE public.ethical_wall_members (
    id                uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    ethical_wall_id   uuid NOT NULL REFERENCES public.ethical_walls (id) ON DELETE CASCADE,
    user_id           uuid NOT NULL REFERENCES public.users (id) ON DELETE RESTRICT,
    side              public.wall_side NOT NULL,
    acknowledged_at   timestamptz,
    metadata          jsonb NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ethical_wall_members_unique UNIQUE (ethical_wall_id, user_id)
);
CREATE INDEX ethical_wall_members_user_id_idx ON public.ethical_wall_members (user_id);

CREATE TABLE public.compliance_audits (
    id              uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    auditor_id      uuid NOT NULL REFERENCES public.users (id) ON DELETE RESTRICT,
    case_id         uuid REFERENCES public.cases (id) ON DELETE RESTRICT,
    client_id       uuid REFERENCES public.clients (id) ON DELETE RESTRICT,
    title           text NOT NULL,
    kind            public.compliance_audit_kind NOT NULL,
    status          public.compliance_audit_status NOT NULL DEFAULT 'planned',
    scope           text NOT NULL,
    planned_on      date NOT NULL,
    started_on      date,
    completed_on    date,
    score           integer CHECK (score BETWEEN 0 AND 100),
    finding_count   integer NOT NULL DEFAULT 0 CHECK (finding_count >= 0),
    findings        text,
    metadata        jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT compliance_audits_completed_after_started CHECK (completed_on >= started_on),
    CONSTRAINT compliance_audits_result_has_date
        CHECK ((status IN ('planned', 'in_progress')) = (completed_on IS NULL)),
    CONSTRAINT compliance_audits_findings_are_told
        CHECK (finding_count = 0 OR findings IS NOT NULL)
);
CREATE INDEX compliance_audits_auditor_id_idx ON public.compliance_audits (auditor_id);
CREATE INDEX compliance_audits_case_id_idx ON public.compliance_audits (case_id);
CREATE INDEX compliance_audits_client_id_idx ON public.compliance_audits (client_id);
