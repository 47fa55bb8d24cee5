-- The tables whose changes the firm must be able to prove still write the audit trail.
SELECT t.table_name
  FROM unnest(ARRAY[
        'users', 'clients', 'cases', 'parties', 'rate_tables', 'invoices', 'time_entries',
        'firm_expenses', 'trust_transactions', 'legal_documents', 'legal_holds',
        'legal_hold_custodians', 'privilege_log_entries', 'evidence_items',
        'chain_of_custody_events', 'audit_logs', 'conflict_checks', 'ethical_walls',
        'ethical_wall_members', 'compliance_audits']) AS t (table_name)
 WHERE NOT EXISTS (
        SELECT FROM pg_trigger g
         WHERE g.tgrelid = to_regclass('public.' || t.table_name)
           AND g.tgname = 'record_change'
           AND g.tgenabled <> 'D');
