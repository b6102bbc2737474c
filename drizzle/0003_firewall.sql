ALTER TABLE "account" ADD COLUMN "daily_use" numeric(20, 0) DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "account" ADD COLUMN "daily_use_on" text;--> statement-breakpoint
ALTER TABLE "attempt" ADD COLUMN "route" jsonb DEFAULT '[]'::jsonb NOT NULL;