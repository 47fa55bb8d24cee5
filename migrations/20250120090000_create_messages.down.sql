DROP TABLE public.notifications;
DROP TABLE public.messages;
DROP TABLE public.conversation_participants;
DROP TABLE public.conversations;
DROP TYPE public.notification_channel;
DROP TYPE public.notification_kind;
DROP TYPE public.conversation_kind;
