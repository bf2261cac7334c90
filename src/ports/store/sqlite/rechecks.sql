-- Schema, version 7: when a pull request is reconciled again without an event, and how its merge is judged.

ALTER TABLE pulls ADD COLUMN due INTEGER;        -- NULL for never
ALTER TABLE pulls ADD COLUMN due_since INTEGER;  -- since when it waits for the same
ALTER TABLE pulls ADD COLUMN merge TEXT;         -- JSON, with its kind in `state`

CREATE INDEX pulls_due ON pulls (due) WHERE due IS NOT NULL;
CREATE INDEX pulls_over_denial ON pulls (seen_at) WHERE json_extract(merge, '$.state') = 'over_denial';
