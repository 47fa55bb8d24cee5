-- Billing: rates, hours and expenses, and the invoices that collect them.

CREATE TYPE public.invoice_status AS ENUM (
    'draft', 'sent', 'partially_paid', 'paid', 'overdue', 'void', 'written_off');
CREATE TYPE public.time_entry_status AS ENUM (
    'draft', 'submitted', 'approved', 'billed', 'written_off');
CREATE TYPE public.activity_kind AS ENUM (
    'research', 'drafting', 'review', 'meeting', 'call', 'court_appearance', 'deposition',
    'negotiation', 'travel', 'administration');
CREATE TYPE public.expense_kind AS ENUM (
    'filing_fee', 'court_reporter', 'expert_fee', 'travel', 'copying', 'postage', 'research',
    'service_of_process', 'meals', 'office', 'other');
CREATE TYPE public.expense_status AS ENUM (
    'submitted', 'approved', 'rejected', 'billed', 'reimbursed');

CREATE TABLE public.rate_tables (
    id              uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    client_id       uuid REFERENCES public.clients (id) ON DELETE CASCADE,
    name            text NOT NULL,
    role            public.user_role NOT NULL,
    hourly_rate     numeric(15,2) NOT NULL CHECK (hourly_rate >= 0),
    currency        text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    effective_from  date NOT NULL,
    effective_to    date,
    metadata        jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,
    CONSTRAINT rate_tables_to_after_from CHECK (effective_to > effective_from),
    -- One rate per table and role on any day; effective_to is the first day without it.
    CONSTRAINT rate_tables_no_overlap EXCLUDE USING gist (
        name WITH =, role WITH =, daterange(effective_from, effective_to) WITH &&)
);
CREATE INDEX rate_tables_client_id_idx ON public.rate_tables (client_id);

CREATE TABLE public.invoices (
    id               uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    invoice_number   text NOT NULL UNIQUE,
    client_id        uuid NOT NULL REFERENCES public.clients (id) ON DELETE RESTRICT,
    case_id          uuid REFERENCES public.cases (id) ON DELETE SET NULL,
    status           public.invoice_status NOT NULL DEFAULT 'draft',
    currency         text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    period_start_on  date NOT NULL,
    period_end_on    date NOT NULL,
    issued_on        date,
    due_on           date,
    paid_on          date,
    fees_amount      numeric(15,2) NOT NULL DEFAULT 0 CHECK (fees_amount >= 0),
    expenses_amount  numeric(15,2) NOT NULL DEFAULT 0 CHECK (expenses_amount >= 0),
    discount_amount  numeric(15,2) NOT NULL DEFAULT 0 CHECK (discount_amount >= 0),
    tax_percent      numeric(5,2) NOT NULL DEFAULT 0 CHECK (tax_percent BETWEEN 0 AND 100),
    tax_amount       numeric(15,2) NOT NULL DEFAULT 0 CHECK (tax_amount >= 0),
    total_amount     numeric(15,2) NOT NULL DEFAULT 0 CHECK (total_amount >= 0),
    paid_amount      numeric(15,2) NOT NULL DEFAULT 0 CHECK (paid_amount >= 0),
    balance_amount   numeric(15,2) GENERATED ALWAYS AS (total_amount - paid_amount) STORED,
    notes            text,
    metadata         jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz,
    CONSTRAINT invoices_period_end_after_start CHECK (period_end_on >= period_start_on),
    CONSTRAINT invoices_due_after_issue CHECK (due_on >= issued_on),
    CONSTRAINT invoices_paid_after_issue CHECK (paid_on >= issued_on),
    CONSTRAINT invoices_issued_unless_draft
        CHECK (status = 'draft' OR (issued_on IS NOT NULL AND due_on IS NOT NULL)),
    CONSTRAINT invoices_discount_within_lines
        CHECK (discount_amount <= fees_amount + expenses_amount),
    CONSTRAINT invoices_total_adds_up
        CHECK (total_amount = fees_amount + expenses_amount - discount_amount + tax_amount),
    CONSTRAINT invoices_not_overpaid CHECK (paid_amount <= total_amount),
    CONSTRAINT invoices_paid_in_full
        CHECK (status <> 'paid' OR (paid_amount = total_amount AND paid_on IS NOT NULL))
);
CREATE INDEX invoices_client_id_idx ON public.invoices (client_id);
CREATE INDEX invoices_case_id_idx ON public.invoices (case_id);
CREATE INDEX invoices_status_due_on_idx ON public.invoices (status, due_on) WHERE deleted_at IS NULL;

CREATE TABLE public.time_entries (
    id           uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id      uuid NOT NULL REFERENCES public.cases (id) ON DELETE CASCADE,
    user_id      uuid NOT NULL REFERENCES public.users (id) ON DELETE RESTRICT,
    approved_by  uuid REFERENCES public.users (id) ON DELETE SET NULL,
    invoice_id   uuid REFERENCES public.invoices (id) ON DELETE SET NULL,
    worked_on    date NOT NULL,
    activity     public.activity_kind NOT NULL,
    description  text NOT NULL,
    hours        numeric(5,2) NOT NULL CHECK (hours > 0 AND hours <= 24),
    hourly_rate  numeric(15,2) NOT NULL CHECK (hourly_rate >= 0),
    amount       numeric(15,2) NOT NULL,
    is_billable  boolean NOT NULL DEFAULT true,
    status       public.time_entry_status NOT NULL DEFAULT 'draft',
    metadata     jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    CONSTRAINT time_entries_amount_is_hours_by_rate CHECK (amount = round(hours * hourly_rate, 2)),
    CONSTRAINT time_entries_only_billable_is_billed CHECK (is_billable OR invoice_id IS NULL)
);
CREATE INDEX time_entries_case_id_worked_on_idx ON public.time_entries (case_id, worked_on);
CREATE INDEX time_entries_user_id_worked_on_idx ON public.time_entries (user_id, worked_on);
CREATE INDEX time_entries_approved_by_idx ON public.time_entries (approved_by);
CREATE INDEX time_entries_invoice_id_idx ON public.time_entries (invoice_id);

CREATE TABLE public.firm_expenses (
    id            uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id       uuid REFERENCES public.cases (id) ON DELETE SET NULL,
    user_id       uuid NOT NULL REFERENCES public.users (id) ON DELETE RESTRICT,
    approved_by   uuid REFERENCES public.users (id) ON DELETE SET NULL,
    invoice_id    uuid REFERENCES public.invoices (id) ON DELETE SET NULL,
    kind          public.expense_kind NOT NULL,
    status        public.expense_status NOT NULL DEFAULT 'submitted',
    vendor        text NOT NULL,
    description   text NOT NULL,
    incurred_on   date NOT NULL,
    quantity      numeric(10,2) NOT NULL DEFAULT 1 CHECK (quantity > 0),
    unit_cost     numeric(15,2) NOT NULL CHECK (unit_cost >= 0),
    amount        numeric(15,2) NOT NULL,
    currency      text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    is_billable   boolean NOT NULL DEFAULT true,
    receipt_path  text,
    metadata      jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz,
    CONSTRAINT firm_expenses_amount_is_quantity_by_cost
        CHECK (amount = round(quantity * unit_cost, 2)),
    CONSTRAINT firm_expenses_only_billable_is_billed CHECK (is_billable OR invoice_id IS NULL)
);
CREATE INDEX firm_expenses_case_id_idx ON public.firm_expenses (case_id);
CREATE INDEX firm_expenses_user_id_idx ON public.firm_expenses (user_id);
CREATE INDEX firm_expenses_approved_by_idx ON public.firm_expenses (approved_by);
CREATE INDEX firm_expenses_invoice_id_idx ON public.firm_expenses (invoice_id);
