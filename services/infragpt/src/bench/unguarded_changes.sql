SELECT document, occurred_at, sequence FROM changes WHERE organization_id = 'acme' ORDER BY occurred_at DESC, sequence DESC LIMIT 51;
