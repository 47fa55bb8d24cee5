-- Clients' money, held in trust. A ledger per client and case: rows are added, and an error is
-- corrected by a further row. Nothing removes them by a cascade, so the firm can account for
-- every cent after a case is gone.

CREATE TYPE public.trust_transaction_kind AS ENUM (
    'deposit', 'interest', 'disbursement', 'fee_transfer', 'refund', 'bank_charge');

CREATE TABLE public.trust_transactions (
    id             uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    client_id      uuid NOT NULL REFERENCES public.clients (id) ON DELETE RESTRICT,
    case_id        uuid NOT NULL REFERENCES public.cases (id) ON DELETE RESTRICT,
    invoice_id     uuid REFERENCES public.invoices (id) ON DELETE RESTRICT,
    recorded_by    uuid NOT NULL REFERENCES public.users (id) ON DELETE RESTRICT,
    entry_number   integer NOT NULL CHECK (entry_number > 0),
    kind           public.trust_transaction_kind NOT NULL,
    amount         numeric(15,2) NOT NULL CHECK (amount > 0),
    -- Deposits and interest add to the balance, everything else takes from it.
    signed_amount  numeric(15,2) GENERATED ALWAYS AS (
        CASE WHEN kind IN ('deposit', 'interest') THEN amount ELSE -amount END) STORED,
    balance_after  numeric(15,2) NOT NULL CHECK (balance_after >= 0),
    currency       text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    occurred_on    date NOT NULL,
    cleared_on     date,
    payer_or_payee text NOT NULL,
    reference      text,
    description    text,
    metadata       jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT trust_transactions_entry_unique UNIQUE (client_id, case_id, entry_number),
    CONSTRAINT trust_transactions_clear_after_occur CHECK (cleared_on >= occurred_on),
    CONSTRAINT trust_transactions_fee_names_invoice
        CHECK (kind <> 'fee_transfer' OR invoice_id IS NOT NULL)
);
CREATE INDEX trust_transactions_case_id_idx ON public.trust_transactions (case_id);
CREATE INDEX trust_transactions_invoice_id_idx ON public.trust_transactions (invoice_id);
CREATE INDEX trust_transactions_recorded_by_idx ON public.trust_transactions (recorded_by);
