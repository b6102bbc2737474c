CREATE TABLE "shortage" (
	"account_id" text NOT NULL,
	"mint" text NOT NULL,
	"amount" numeric(20, 0) NOT NULL,
	"slot" bigint NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	"agreed_slot" bigint,
	"written_off" numeric(20, 0) DEFAULT 0 NOT NULL,
	"frozen_at" timestamp with time zone,
	CONSTRAINT "shortage_account_id_mint_pk" PRIMARY KEY("account_id","mint"),
	CONSTRAINT "shortage_amounts" CHECK ("shortage"."amount" >= 0 and "shortage"."written_off" >= 0)
);
--> statement-breakpoint
ALTER TABLE "position" DROP CONSTRAINT "position_exit_within_entry";--> statement-breakpoint
ALTER TABLE "position" DROP CONSTRAINT "position_amounts";--> statement-breakpoint
ALTER TABLE "attempt" DROP CONSTRAINT "attempt_amounts";--> statement-breakpoint
ALTER TABLE "attempt" ALTER COLUMN "number" SET DATA TYPE integer;--> statement-breakpoint
ALTER TABLE "position" ADD COLUMN "missing" numeric(20, 0) DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "position" ADD COLUMN "dust" numeric(20, 0) DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "attempt" ADD COLUMN "tip_lamports" numeric(20, 0);--> statement-breakpoint
ALTER TABLE "attempt" ADD COLUMN "cause" text;--> statement-breakpoint
ALTER TABLE "trade" ADD COLUMN "setback" jsonb;--> statement-breakpoint
ALTER TABLE "trade" ADD COLUMN "setbacks" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "trade" ADD COLUMN "retry_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "trade" ADD COLUMN "turn_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "trade" ADD COLUMN "look_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "trade" ADD COLUMN "replaces" text;--> statement-breakpoint
ALTER TABLE "trade" ADD COLUMN "tries_before" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "shortage" ADD CONSTRAINT "shortage_account_id_account_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "attempt_expired" ON "attempt" USING btree ("ended_at") WHERE "attempt"."status" in ('expired');--> statement-breakpoint
CREATE INDEX "trade_unfinished" ON "trade" USING btree ("planned_at") WHERE "trade"."status" in ('planned', 'submitted', 'confirmed');--> statement-breakpoint
ALTER TABLE "position" ADD CONSTRAINT "position_exit_within_entry" CHECK ("position"."exit_in" + "position"."missing" + "position"."dust" <= "position"."entry_out");--> statement-breakpoint
ALTER TABLE "position" ADD CONSTRAINT "position_amounts" CHECK ("position"."size" >= 0 and "position"."entry_in" >= 0 and "position"."entry_out" >= 0 and "position"."exit_in" >= 0 and "position"."exit_out" >= 0 and "position"."missing" >= 0 and "position"."dust" >= 0 and "position"."exiting" >= 0 and "position"."fees_lamports" >= 0 and "position"."rent_lamports" >= 0 and "position"."fees_quote" >= 0);--> statement-breakpoint
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_amounts" CHECK ("attempt"."quoted_out" >= 0 and "attempt"."minimum_out" >= 0 and "attempt"."fill_in" >= 0 and "attempt"."fill_out" >= 0 and "attempt"."fee_lamports" >= 0 and "attempt"."tip_lamports" >= 0 and "attempt"."rent_lamports" >= 0 and "attempt"."fee_quote" >= 0);