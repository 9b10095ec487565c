-- AlterTable
ALTER TABLE "api_keys" ADD COLUMN     "hint" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "successor_id" UUID;

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_successor_id_key" ON "api_keys"("successor_id");

-- CreateIndex
CREATE UNIQUE INDEX "clients_name_key" ON "clients"("name");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_successor_id_fkey" FOREIGN KEY ("successor_id") REFERENCES "api_keys"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
