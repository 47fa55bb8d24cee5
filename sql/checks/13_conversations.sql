-- A message comes from a participant and answers one of its own conversation, whose last message
-- is the newest.
SELECT c.id, c.subject, m.id AS message_id
  FROM public.conversations c
  JOIN public.messages m ON m.conversation_id = c.id
  LEFT JOIN public.messages r ON r.id = m.reply_to_id
 WHERE m.deleted_at IS NULL
   AND (m.sent_at > c.last_message_at
     OR c.last_message_at IS NULL
     OR r.conversation_id <> m.conversation_id
     OR r.sent_at > m.sent_at
     OR (m.sender_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM public.conversation_participants p
             WHERE p.conversation_id = c.id AND p.user_id = m.sender_id)));
