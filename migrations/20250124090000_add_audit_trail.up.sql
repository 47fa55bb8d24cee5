-- The audit trail: every change to a sensitive row, whoever made it, in the same transaction.
--
-- The application says who is at work with: SET LOCAL lexiflow.user_id = '<uuid>'. The trail
-- names no other table, so that nothing removed there removes anything here.

CREATE TABLE audit.record_changes (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    operation         text NOT NULL CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')),
    table_schema      text NOT NULL,
    table_name        text NOT NULL,
    record_id         uuid,
    changed_columns   text[] NOT NULL DEFAULT '{}',
    old_values        jsonb,
    new_values        jsonb,
    user_id           uuid,
    database_user     text NOT NULL,
    application_name  text,
    transaction_id    bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    CONSTRAINT record_changes_names_record CHECK (operation = 'TRUNCATE' OR record_id IS NOT NULL)
);
CREATE INDEX record_changes_record_idx ON audit.record_changes (table_name, record_id);
CREATE INDEX record_changes_user_id_idx ON audit.record_changes (user_id);
CREATE INDEX record_changes_happened_at_idx ON audit.record_changes USING brin (happened_at);

-- An UPDATE keeps only the columns that differ. A secret is named among the changed columns, its
-- value is never kept; neither is that of a column given as an argument of the trigger, for bulk
-- that its own table already versions. SECURITY DEFINER: whoever may change a row is recorded,
-- also without rights on the trail.
CREATE FUNCTION audit.record_change()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, audit
AS $$
DECLARE
    secrets   CONSTANT text[] := ARRAY['password_hash', 'token_hash', 'mfa_secret'];
    unkept    text[] := secrets || coalesce(TG_ARGV[:]::text[], '{}');
    old_row   jsonb;
    new_row   jsonb;
    changed   text[] := '{}';
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN
        old_row := to_jsonb(OLD);
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        new_row := to_jsonb(NEW);
    END IF;

    IF TG_OP = 'UPDATE' THEN
        SELECT coalesce(array_agg(o.key ORDER BY o.key), '{}') INTO changed
          FROM jsonb_each(old_row) o
         WHERE o.value IS DISTINCT FROM new_row -> o.key
           AND o.key NOT IN ('updated_at', 'search_vector');
        IF changed = '{}' THEN
            RETURN NULL;
        END IF;

        SELECT jsonb_object_agg(c, old_row -> c), jsonb_object_agg(c, new_row -> c)
          INTO old_row, new_row
          FROM unnest(changed || 'id'::text) c;
    END IF;

    INSERT INTO audit.record_changes (
        operation, table_schema, table_name, record_id, changed_columns, old_values, new_values,
        user_id, database_user, application_name)
    VALUES (
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME,
        coalesce(new_row ->> 'id', old_row ->> 'id')::uuid,
        changed,
        old_row - unkept - 'search_vector',
        new_row - unkept - 'search_vector',
        nullif(current_setting('lexiflow.user_id', true), '')::uuid,
        session_user,
        current_setting('application_name', true));
    RETURN NULL;
END
$$;

CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.users
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.users
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.clients
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.clients
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.cases
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.cases
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.parties
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.parties
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.rate_tables
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.rate_tables
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.invoices
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.invoices
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.time_entries
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.time_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.firm_expenses
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.firm_expenses
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.trust_transactions
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.trust_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.legal_documents
    FOR EACH ROW EXECUTE FUNCTION audit.record_change('content');
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.legal_documents
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.legal_holds
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.legal_holds
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.legal_hold_custodians
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.legal_hold_custodians
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.privilege_log_entries
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.privilege_log_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.evidence_items
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.evidence_items
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.chain_of_custody_events
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.chain_of_custody_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.audit_logs
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.conflict_checks
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.conflict_checks
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.ethical_walls
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.ethical_walls
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.ethical_wall_members
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.ethical_wall_members
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON public.compliance_audits
    FOR EACH ROW EXECUTE FUNCTION audit.record_change();
CREATE TRIGGER record_truncate AFTER TRUNCATE ON public.compliance_audits
    FOR EACH STATEMENT EXECUTE FUNCTION audit.record_change();
