-- Tasks: what is to be done on a case, or in the office when it names none.

CREATE TYPE public.task_status AS ENUM (
    'open', 'in_progress', 'blocked', 'in_review', 'completed', 'cancelled');

CREATE TABLE public.tasks (
    id               uuid PRIMARY KEY DEFAULT public.uuid_generate_v4(),
    case_id          uuid REFERENCES public.cases (id) ON DELETE CASCADE,
    project_id       uuid REFERENCES public.projects (id) ON DELETE SET NULL,
    parent_id        uuid REFERENCES public.tasks (id) ON DELETE CASCADE,
    assignee_id      uuid REFERENCES public.users (id) ON DELETE SET NULL,
    created_by       uuid REFERENCES public.users (id) ON DELETE SET NULL,
    title            text NOT NULL,
    description      text,
    status           public.task_status NOT NULL DEFAULT 'open',
    priority         public.case_priority NOT NULL DEFAULT 'medium',
    due_on           date,
    started_at       timestamptz,
    completed_at     timestamptz,
    estimated_hours  numeric(7,2) CHECK (estimated_hours >= 0),
    metadata         jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    deleted_at       timestamptz,
    CONSTRAINT tasks_not_own_parent CHECK (parent_id <> id),
    CONSTRAINT tasks_completed_after_started CHECK (completed_at >= started_at),
    CONSTRAINT tasks_completed_has_time
        CHECK ((status = 'completed') = (completed_at IS NOT NULL))
);
CREATE INDEX tasks_case_id_idx ON public.tasks (case_id);
CREATE INDEX tasks_project_id_idx ON public.tasks (project_id);
CREATE INDEX tasks_parent_id_idx ON public.tasks (parent_id);
CREATE INDEX tasks_assignee_id_due_on_idx ON public.tasks (assignee_id, due_on);
CREATE INDEX tasks_created_by_idx ON public.tasks (created_by);
