-- Messages between people, and notifications from the application.

CREATE TYPE public.conversation_kind AS ENUM ('direct', 'group', 'case', 'client');
CREATE TYPE public.notification_kind AS ENUM (
    'deadline', 'assignment', 'mention', 'document', 'invoice', 'hearing', 'system');
CREATE TYPE public.notification_channel AS ENUM ('in_app', 'email', 'both');

CREATE TABLE public.conversations (
    id               uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id          uuid REFERENCES public.cases (id) ON DELETE SET NULL,
    created_by       uuid REFERENCES public.users (id) ON DELETE SET NULL,
    kind             public.conversation_kind NOT NULL,
    subject          text NOT NULL,
    last_message_at  timestamptz,
    archived_at      timestamptz,
    metadata         jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz
);
CREATE INDEX conversations_case_id_idx ON public.conversations (case_id);
CREATE INDEX conversations_created_by_idx ON public.conversations (created_by);

CREATE TABLE public.conversation_participants (
    id               uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    conversation_id  uuid NOT NULL REFERENCES public.conversations (id) ON DELETE CASCADE,
    user_id          uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    joined_at        timestamptz NOT NULL,
    last_read_at     timestamptz,
    is_muted         boolean NOT NULL DEFAULT false,
    metadata         jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT conversation_participants_unique UNIQUE (conversation_id, user_id),
    CONSTRAINT conversation_participants_read_after_join CHECK (last_read_at >= joined_at)
);
CREATE INDEX conversation_participants_user_id_idx ON public.conversation_participants (user_id);

CREATE TABLE public.messages (
    id               uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    conversation_id  uuid NOT NULL REFERENCES public.conversations (id) ON DELETE CASCADE,
    sender_id        uuid REFERENCES public.users (id) ON DELETE SET NULL,
    reply_to_id      uuid REFERENCES public.messages (id) ON DELETE SET NULL,
    body             text NOT NULL CHECK (body <> ''),
    sent_at          timestamptz NOT NULL,
    edited_at        timestamptz,
    metadata         jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz,
    CONSTRAINT messages_not_own_reply CHECK (reply_to_id <> id),
    CONSTRAINT messages_edited_after_sent CHECK (edited_at >= sent_at)
);
CREATE INDEX messages_conversation_id_sent_at_idx ON public.messages (conversation_id, sent_at);
CREATE INDEX messages_sender_id_idx ON public.messages (sender_id);
CREATE INDEX messages_reply_to_id_idx ON public.messages (reply_to_id);

CREATE TABLE public.notifications (
    id          uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    user_id     uuid NOT NULL REFERENCES public.users (id) ON DELETE CASCADE,
    case_id     uuid REFERENCES public.cases (id) ON DELETE CASCADE,
    kind        public.notification_kind NOT NULL,
    channel     public.notification_channel NOT NULL DEFAULT 'in_app',
    priority    public.case_priority NOT NULL DEFAULT 'medium',
    title       text NOT NULL,
    body        text,
    link        text,
    sent_at     timestamptz NOT NULL,
    read_at     timestamptz,
    metadata    jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    deleted_at  timestamptz,
    CONSTRAINT notifications_read_after_sent CHECK (read_at >= sent_at)
);
CREATE INDEX notifications_unread_idx ON public.notifications (user_id, sent_at) WHERE read_at IS NULL;
CREATE INDEX notifications_user_id_idx ON public.notifications (user_id);
CREATE INDEX notifications_case_id_idx ON public.notifications (case_id);
