-- CreateEnum
CREATE TYPE "Environment" AS ENUM ('SIMULATOR', 'SANDBOX', 'PRODUCTION');

-- CreateEnum
CREATE TYPE "TransactionKind" AS ENUM ('STK_PUSH');

-- CreateEnum
CREATE TYPE "TransactionStatus" AS ENUM ('REQUESTED', 'AWAITING_PAYER', 'UNCONFIRMED', 'COMPLETED', 'CANCELLED', 'EXPIRED', 'FAILED');

-- CreateEnum
CREATE TYPE "CurrencyCode" AS ENUM ('KES');

-- CreateEnum
CREATE TYPE "FailureReason" AS ENUM ('INSUFFICIENT_FUNDS', 'WRONG_PIN', 'CANCELLED_BY_PAYER', 'PAYER_UNREACHABLE', 'PROMPT_EXPIRED', 'SUBSCRIBER_BUSY', 'LIMIT_EXCEEDED', 'PAYER_NOT_ELIGIBLE', 'PROMPT_NOT_SENT', 'PROMPT_FAILED', 'MERCHANT_CONFIGURATION', 'PROVIDER_BUSY', 'PROVIDER_REFUSED', 'OTHER');

-- CreateEnum
CREATE TYPE "AttentionReason" AS ENUM ('PAID_TWICE', 'AMOUNT_DIFFERS', 'EVIDENCE_CONTRADICTS', 'STILL_OPEN');

-- CreateEnum
CREATE TYPE "EvidenceSource" AS ENUM ('API', 'DARAJA_ANSWER', 'CALLBACK', 'QUERY', 'OPERATOR', 'TIMER');

-- CreateEnum
CREATE TYPE "EvidenceVerdict" AS ENUM ('APPLIED', 'DUPLICATE', 'CONFLICT', 'UNMATCHED', 'INVALID');

-- CreateTable
CREATE TABLE "deployment" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "environment" "Environment" NOT NULL,
    "secret_fingerprint" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deployment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "clients" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "clients_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" UUID NOT NULL,
    "client_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "key_hash" TEXT NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "transactions" (
    "id" UUID NOT NULL,
    "kind" "TransactionKind" NOT NULL,
    "client_id" UUID NOT NULL,
    "idempotency_key" TEXT NOT NULL,
    "request_fingerprint" TEXT NOT NULL,
    "status" "TransactionStatus" NOT NULL,
    "sequence" INTEGER NOT NULL,
    "business_short_code" TEXT NOT NULL,
    "party_b" TEXT NOT NULL,
    "currency" "CurrencyCode" NOT NULL DEFAULT 'KES',
    "amount_cents" INTEGER NOT NULL,
    "paid_amount_cents" INTEGER,
    "phone_number" TEXT,
    "account_reference" TEXT,
    "description" TEXT,
    "metadata" JSONB,
    "merchant_request_id" TEXT,
    "checkout_request_id" TEXT,
    "mpesa_receipt_number" TEXT,
    "result_code" TEXT,
    "result_description" TEXT,
    "failure_reason" "FailureReason",
    "settled_rank" SMALLINT,
    "attention" "AttentionReason"[] DEFAULT ARRAY[]::"AttentionReason"[],
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "accepted_at" TIMESTAMPTZ(3),
    "settled_at" TIMESTAMPTZ(3),
    "paid_at" TIMESTAMPTZ(3),

    CONSTRAINT "transactions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempts" (
    "transaction_id" UUID NOT NULL,
    "number" SMALLINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "dispatched_at" TIMESTAMPTZ(3),
    "answered_at" TIMESTAMPTZ(3),
    "merchant_request_id" TEXT,
    "checkout_request_id" TEXT,
    "error_code" TEXT,
    "message" TEXT,

    CONSTRAINT "attempts_pkey" PRIMARY KEY ("transaction_id","number")
);

-- CreateTable
CREATE TABLE "evidence" (
    "id" UUID NOT NULL,
    "source" "EvidenceSource" NOT NULL,
    "verdict" "EvidenceVerdict" NOT NULL,
    "verdict_reason" TEXT,
    "transaction_id" UUID,
    "attempt_number" SMALLINT,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "peer" TEXT,
    "body" BYTEA,
    "body_hash" TEXT NOT NULL,
    "repeats" INTEGER NOT NULL DEFAULT 0,
    "merchant_request_id" TEXT,
    "checkout_request_id" TEXT,
    "result_code" TEXT,
    "result_description" TEXT,
    "receipt" TEXT,
    "amount_cents" INTEGER,
    "paid_at" TIMESTAMPTZ(3),

    CONSTRAINT "evidence_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "unmatched_evidence" (
    "evidence_id" UUID NOT NULL,
    "checkout_request_id" TEXT NOT NULL,

    CONSTRAINT "unmatched_evidence_pkey" PRIMARY KEY ("evidence_id")
);

-- CreateTable
CREATE TABLE "transaction_events" (
    "transaction_id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "status" "TransactionStatus" NOT NULL,
    "source" "EvidenceSource" NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "result_code" TEXT,
    "message" TEXT NOT NULL,

    CONSTRAINT "transaction_events_pkey" PRIMARY KEY ("transaction_id","sequence")
);

-- CreateTable
CREATE TABLE "receipts" (
    "receipt" TEXT NOT NULL,
    "transaction_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "receipts_pkey" PRIMARY KEY ("receipt")
);

-- CreateTable
CREATE TABLE "open_work" (
    "transaction_id" UUID NOT NULL,
    "lease_holder" TEXT,
    "lease_expires_at" TIMESTAMPTZ(3),
    "next_check_at" TIMESTAMPTZ(3),
    "check_lease_until" TIMESTAMPTZ(3),
    "watched_until" TIMESTAMPTZ(3),
    "rung" INTEGER NOT NULL DEFAULT 0,
    "looks" INTEGER NOT NULL DEFAULT 0,
    "hastened_at" TIMESTAMPTZ(3),
    "suspected_code" TEXT,
    "confirm_after" TIMESTAMPTZ(3),

    CONSTRAINT "open_work_pkey" PRIMARY KEY ("transaction_id")
);

-- CreateTable
CREATE TABLE "leased_values" (
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 0,
    "value" TEXT,
    "expires_at" TIMESTAMPTZ(3),
    "lease_holder" TEXT,
    "lease_expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "leased_values_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "query_budgets" (
    "name" TEXT NOT NULL,
    "next_slot_at" TIMESTAMPTZ(3) NOT NULL,
    "halved_until" TIMESTAMPTZ(3),
    "slots_taken" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "query_budgets_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_key_hash_key" ON "api_keys"("key_hash");

-- CreateIndex
CREATE INDEX "api_keys_client_id_idx" ON "api_keys"("client_id");

-- CreateIndex
CREATE INDEX "transactions_client_id_id_idx" ON "transactions"("client_id", "id");

-- CreateIndex
CREATE INDEX "transactions_phone_number_id_idx" ON "transactions"("phone_number", "id");

-- CreateIndex
CREATE INDEX "transactions_account_reference_id_idx" ON "transactions"("account_reference", "id");

-- CreateIndex
CREATE UNIQUE INDEX "transactions_client_id_idempotency_key_key" ON "transactions"("client_id", "idempotency_key");

-- CreateIndex
CREATE INDEX "attempts_checkout_request_id_idx" ON "attempts"("checkout_request_id");

-- CreateIndex
CREATE INDEX "attempts_merchant_request_id_idx" ON "attempts"("merchant_request_id");

-- CreateIndex
CREATE INDEX "evidence_transaction_id_idx" ON "evidence"("transaction_id");

-- CreateIndex
CREATE INDEX "unmatched_evidence_checkout_request_id_idx" ON "unmatched_evidence"("checkout_request_id");

-- CreateIndex
CREATE INDEX "receipts_transaction_id_idx" ON "receipts"("transaction_id");

-- CreateIndex
CREATE INDEX "open_work_next_check_at_idx" ON "open_work"("next_check_at");

-- CreateIndex
CREATE INDEX "open_work_lease_expires_at_idx" ON "open_work"("lease_expires_at");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "transactions" ADD CONSTRAINT "transactions_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempts" ADD CONSTRAINT "attempts_transaction_id_fkey" FOREIGN KEY ("transaction_id") REFERENCES "transactions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "evidence" ADD CONSTRAINT "evidence_transaction_id_fkey" FOREIGN KEY ("transaction_id") REFERENCES "transactions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "unmatched_evidence" ADD CONSTRAINT "unmatched_evidence_evidence_id_fkey" FOREIGN KEY ("evidence_id") REFERENCES "evidence"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "transaction_events" ADD CONSTRAINT "transaction_events_transaction_id_fkey" FOREIGN KEY ("transaction_id") REFERENCES "transactions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "receipts" ADD CONSTRAINT "receipts_transaction_id_fkey" FOREIGN KEY ("transaction_id") REFERENCES "transactions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "open_work" ADD CONSTRAINT "open_work_transaction_id_fkey" FOREIGN KEY ("transaction_id") REFERENCES "transactions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Room on each page for the updates that settling makes, so that they stay there (heap-only) and touch no index.
ALTER TABLE "transactions" SET (fillfactor = 80);
ALTER TABLE "open_work" SET (fillfactor = 70);
