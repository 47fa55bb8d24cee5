-- Whoever is screened from a case neither is on its team nor works on it while the wall stands.
SELECT w.name, m.user_id, 'on the team' AS breach
  FROM public.ethical_walls w
  JOIN public.ethical_wall_members m ON m.ethical_wall_id = w.id AND m.side = 'screened'
  JOIN public.case_team_members t ON t.case_id = w.case_id AND t.user_id = m.user_id
 WHERE w.status = 'active'
   AND (t.left_on IS NULL OR t.left_on > w.effective_from)
UNION ALL
SELECT w.name, m.user_id, 'time recorded'
  FROM public.ethical_walls w
  JOIN public.ethical_wall_members m ON m.ethical_wall_id = w.id AND m.side = 'screened'
  JOIN public.time_entries t ON t.case_id = w.case_id AND t.user_id = m.user_id
 WHERE w.status <> 'draft'
   AND t.worked_on >= w.effective_from
   AND (w.effective_to IS NULL OR t.worked_on < w.effective_to);
