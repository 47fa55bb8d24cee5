DROP FUNCTION public.search_names(text, real);
DROP FUNCTION public.search_documents(text, integer);
