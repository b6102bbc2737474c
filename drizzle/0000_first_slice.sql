CREATE TABLE "account" (
	"account_id" text PRIMARY KEY NOT NULL,
	"wallet" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "account_wallet_unique" UNIQUE("wallet")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"sequence" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_sequence_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" text NOT NULL,
	"name" text NOT NULL,
	"position_id" integer NOT NULL,
	"position_sequence" integer NOT NULL,
	"payload" jsonb NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"delivered_at" timestamp with time zone,
	CONSTRAINT "outbox_eventId_unique" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "market" (
	"symbol" text PRIMARY KEY NOT NULL,
	"base_mint" text NOT NULL,
	"quote_mint" text NOT NULL,
	"base_decimals" smallint NOT NULL,
	"quote_decimals" smallint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "position" (
	"position_id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "position_position_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 2147483647 START WITH 1 CACHE 1),
	"account_id" text NOT NULL,
	"symbol" text NOT NULL,
	"side" text NOT NULL,
	"status" text NOT NULL,
	"seat" smallint NOT NULL,
	"size" numeric(20, 0) NOT NULL,
	"entry_in" numeric(20, 0) DEFAULT 0 NOT NULL,
	"entry_out" numeric(20, 0) DEFAULT 0 NOT NULL,
	"exit_in" numeric(20, 0) DEFAULT 0 NOT NULL,
	"exit_out" numeric(20, 0) DEFAULT 0 NOT NULL,
	"exiting" numeric(20, 0) DEFAULT 0 NOT NULL,
	"fees_lamports" numeric(20, 0) DEFAULT 0 NOT NULL,
	"rent_lamports" numeric(20, 0) DEFAULT 0 NOT NULL,
	"fees_quote" numeric(20, 0) DEFAULT 0,
	"stop" jsonb,
	"version" integer DEFAULT 1 NOT NULL,
	"entry_price" double precision,
	"high_water_mark" double precision,
	"partial" boolean DEFAULT false NOT NULL,
	"close_reason" text,
	"event_sequence" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"opened_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	CONSTRAINT "position_status" CHECK ("position"."status" in ('opening', 'open', 'closing', 'closed', 'aborted')),
	CONSTRAINT "position_seat_positive" CHECK ("position"."seat" >= 1),
	CONSTRAINT "position_exit_within_entry" CHECK ("position"."exit_in" <= "position"."entry_out"),
	CONSTRAINT "position_amounts" CHECK ("position"."size" >= 0 and "position"."entry_in" >= 0 and "position"."entry_out" >= 0 and "position"."exit_in" >= 0 and "position"."exit_out" >= 0 and "position"."exiting" >= 0 and "position"."fees_lamports" >= 0 and "position"."rent_lamports" >= 0 and "position"."fees_quote" >= 0)
);
--> statement-breakpoint
CREATE TABLE "trigger" (
	"position_id" integer NOT NULL,
	"version" integer NOT NULL,
	"reason" text NOT NULL,
	"accepted_price" double precision NOT NULL,
	"stop_price" double precision NOT NULL,
	"high_water_mark" double precision NOT NULL,
	"triggered_at" timestamp with time zone NOT NULL,
	CONSTRAINT "trigger_position_id_version_pk" PRIMARY KEY("position_id","version")
);
--> statement-breakpoint
CREATE TABLE "attempt" (
	"attempt_id" text PRIMARY KEY NOT NULL,
	"trade_id" text NOT NULL,
	"position_id" integer NOT NULL,
	"kind" text NOT NULL,
	"number" smallint NOT NULL,
	"follows" text,
	"status" text NOT NULL,
	"message" text NOT NULL,
	"blockhash" text NOT NULL,
	"last_valid_block_height" bigint NOT NULL,
	"slippage_bps" smallint NOT NULL,
	"quoted_out" numeric(20, 0) NOT NULL,
	"minimum_out" numeric(20, 0) NOT NULL,
	"signature" text,
	"fill_in" numeric(20, 0),
	"fill_out" numeric(20, 0),
	"fee_lamports" numeric(20, 0),
	"rent_lamports" numeric(20, 0),
	"fee_quote" numeric(20, 0),
	"slot" bigint,
	"error" text,
	"drafted_at" timestamp with time zone NOT NULL,
	"signed_at" timestamp with time zone,
	"landed_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	CONSTRAINT "attempt_follows_unique" UNIQUE("follows"),
	CONSTRAINT "attempt_signature_unique" UNIQUE("signature"),
	CONSTRAINT "attempt_status" CHECK ("attempt"."status" in ('drafted', 'abandoned', 'live', 'landed', 'final', 'errored', 'expired')),
	CONSTRAINT "attempt_first_follows_none" CHECK (("attempt"."number" = 1) = ("attempt"."follows" is null)),
	CONSTRAINT "attempt_signed" CHECK ("attempt"."signature" is not null or "attempt"."status" in ('drafted', 'abandoned')),
	CONSTRAINT "attempt_amounts" CHECK ("attempt"."quoted_out" >= 0 and "attempt"."minimum_out" >= 0 and "attempt"."fill_in" >= 0 and "attempt"."fill_out" >= 0 and "attempt"."fee_lamports" >= 0 and "attempt"."rent_lamports" >= 0 and "attempt"."fee_quote" >= 0)
);
--> statement-breakpoint
CREATE TABLE "trade" (
	"trade_id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"position_id" integer NOT NULL,
	"symbol" text NOT NULL,
	"kind" text NOT NULL,
	"side" text NOT NULL,
	"status" text NOT NULL,
	"input_mint" text NOT NULL,
	"output_mint" text NOT NULL,
	"amount_in" numeric(20, 0) NOT NULL,
	"minimum_out" numeric(20, 0),
	"attempts" integer DEFAULT 0 NOT NULL,
	"idempotency_key" text,
	"request_digest" text,
	"failure" jsonb,
	"planned_at" timestamp with time zone NOT NULL,
	"submitted_at" timestamp with time zone,
	"confirmed_at" timestamp with time zone,
	"finalized_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	CONSTRAINT "trade_amount_positive" CHECK ("trade"."amount_in" > 0),
	CONSTRAINT "trade_status" CHECK ("trade"."status" in ('planned', 'submitted', 'confirmed', 'finalized', 'failed', 'superseded'))
);
--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_position_id_position_position_id_fk" FOREIGN KEY ("position_id") REFERENCES "public"."position"("position_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "position" ADD CONSTRAINT "position_account_id_account_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "position" ADD CONSTRAINT "position_symbol_market_symbol_fk" FOREIGN KEY ("symbol") REFERENCES "public"."market"("symbol") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trigger" ADD CONSTRAINT "trigger_position_id_position_position_id_fk" FOREIGN KEY ("position_id") REFERENCES "public"."position"("position_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_trade_id_trade_trade_id_fk" FOREIGN KEY ("trade_id") REFERENCES "public"."trade"("trade_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_position_id_position_position_id_fk" FOREIGN KEY ("position_id") REFERENCES "public"."position"("position_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trade" ADD CONSTRAINT "trade_account_id_account_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "trade" ADD CONSTRAINT "trade_position_id_position_position_id_fk" FOREIGN KEY ("position_id") REFERENCES "public"."position"("position_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_position_sequence" ON "outbox" USING btree ("position_id","position_sequence");--> statement-breakpoint
CREATE INDEX "outbox_undelivered" ON "outbox" USING btree ("sequence") WHERE "outbox"."delivered_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "position_seat" ON "position" USING btree ("account_id","symbol","seat") WHERE "position"."status" in ('opening', 'open', 'closing');--> statement-breakpoint
CREATE INDEX "position_live" ON "position" USING btree ("status") WHERE "position"."status" in ('opening', 'open', 'closing');--> statement-breakpoint
CREATE UNIQUE INDEX "attempt_one_unfinished_per_trade" ON "attempt" USING btree ("trade_id") WHERE "attempt"."status" in ('drafted', 'live', 'landed');--> statement-breakpoint
CREATE UNIQUE INDEX "attempt_one_unfinished_exit_per_position" ON "attempt" USING btree ("position_id") WHERE "attempt"."kind" = 'exit' and "attempt"."status" in ('drafted', 'live', 'landed');--> statement-breakpoint
CREATE UNIQUE INDEX "attempt_number" ON "attempt" USING btree ("trade_id","number");--> statement-breakpoint
CREATE INDEX "attempt_position" ON "attempt" USING btree ("position_id");--> statement-breakpoint
CREATE UNIQUE INDEX "trade_idempotency_key" ON "trade" USING btree ("account_id","idempotency_key");--> statement-breakpoint
CREATE UNIQUE INDEX "trade_entry" ON "trade" USING btree ("position_id") WHERE "trade"."kind" = 'entry';--> statement-breakpoint
CREATE INDEX "trade_position" ON "trade" USING btree ("position_id");