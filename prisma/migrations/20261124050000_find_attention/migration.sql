-- The few payments that a person should look at, so that finding them does not read all the others. A partial index,
-- which the schema language cannot say: an update that leaves "attention" as it was stays on its page, as settling does.
CREATE INDEX "transactions_attention_idx" ON "transactions"("id") WHERE "attention" <> '{}';
