-- What a row of a case points at belongs to the same case. Foreign keys cannot tell.
SELECT r.source_table, r.id, r.case_id, r.points_at, r.case_of_target
  FROM (
    SELECT 'pleading_documents' AS source_table, s.id, s.case_id, 'legal_documents' AS points_at, t.case_id AS case_of_target
      FROM public.pleading_documents s JOIN public.legal_documents t ON t.id = s.document_id
    UNION ALL
    SELECT 'pleading_documents', s.id, s.case_id, 'parties', t.case_id
      FROM public.pleading_documents s JOIN public.parties t ON t.id = s.filed_by_party_id
    UNION ALL
    SELECT 'motions', s.id, s.case_id, 'legal_documents', t.case_id
      FROM public.motions s JOIN public.legal_documents t ON t.id = s.document_id
    UNION ALL
    SELECT 'motions', s.id, s.case_id, 'parties', t.case_id
      FROM public.motions s JOIN public.parties t ON t.id = s.filed_by_party_id
    UNION ALL
    SELECT 'docket_entries', s.id, s.case_id, 'legal_documents', t.case_id
      FROM public.docket_entries s JOIN public.legal_documents t ON t.id = s.document_id
    UNION ALL
    SELECT 'docket_entries', s.id, s.case_id, 'parties', t.case_id
      FROM public.docket_entries s JOIN public.parties t ON t.id = s.filed_by_party_id
    UNION ALL
    SELECT 'discovery_requests', s.id, s.case_id, 'parties', t.case_id
      FROM public.discovery_requests s JOIN public.parties t ON t.id IN (s.from_party_id, s.to_party_id)
    UNION ALL
    SELECT 'depositions', s.id, s.case_id, 'legal_documents', t.case_id
      FROM public.depositions s JOIN public.legal_documents t ON t.id = s.transcript_document_id
    UNION ALL
    SELECT 'depositions', s.id, s.case_id, 'parties', t.case_id
      FROM public.depositions s JOIN public.parties t ON t.id = s.deponent_party_id
    UNION ALL
    SELECT 'esi_sources', s.id, s.case_id, 'legal_holds', t.case_id
      FROM public.esi_sources s JOIN public.legal_holds t ON t.id = s.legal_hold_id
    UNION ALL
    SELECT 'privilege_log_entries', s.id, s.case_id, 'legal_documents', t.case_id
      FROM public.privilege_log_entries s JOIN public.legal_documents t ON t.id = s.document_id
    UNION ALL
    SELECT 'privilege_log_entries', s.id, s.case_id, 'discovery_requests', t.case_id
      FROM public.privilege_log_entries s JOIN public.discovery_requests t ON t.id = s.discovery_request_id
    UNION ALL
    SELECT 'evidence_items', s.id, s.case_id, 'esi_sources', t.case_id
      FROM public.evidence_items s JOIN public.esi_sources t ON t.id = s.esi_source_id
    UNION ALL
    SELECT 'evidence_items', s.id, s.case_id, 'legal_documents', t.case_id
      FROM public.evidence_items s JOIN public.legal_documents t ON t.id = s.document_id
    UNION ALL
    SELECT 'witnesses', s.id, s.case_id, 'depositions', t.case_id
      FROM public.witnesses s JOIN public.depositions t ON t.id = s.deposition_id
    UNION ALL
    SELECT 'witnesses', s.id, s.case_id, 'parties', t.case_id
      FROM public.witnesses s JOIN public.parties t ON t.id = s.called_by_party_id
    UNION ALL
    SELECT 'trial_exhibits', s.id, s.case_id, 'evidence_items', t.case_id
      FROM public.trial_exhibits s JOIN public.evidence_items t ON t.id = s.evidence_item_id
    UNION ALL
    SELECT 'trial_exhibits', s.id, s.case_id, 'witnesses', t.case_id
      FROM public.trial_exhibits s JOIN public.witnesses t ON t.id = s.sponsoring_witness_id
    UNION ALL
    SELECT 'tasks', s.id, s.case_id, 'projects', t.case_id
      FROM public.tasks s JOIN public.projects t ON t.id = s.project_id
    UNION ALL
    SELECT 'legal_documents', s.id, s.client_id, 'cases (client)', t.client_id
      FROM public.legal_documents s JOIN public.cases t ON t.id = s.case_id
     WHERE s.client_id IS NOT NULL) r
 WHERE r.case_id <> r.case_of_target;
