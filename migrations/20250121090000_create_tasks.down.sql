DROP TABLE public.tasks;
DROP TYPE public.task_status;
