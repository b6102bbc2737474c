CREATE TABLE "destination" (
	"account_id" text NOT NULL,
	"address" text NOT NULL,
	"label" text NOT NULL,
	"registered_by" text NOT NULL,
	"registered_at" timestamp with time zone NOT NULL,
	"usable_at" timestamp with time zone NOT NULL,
	"authorization" text NOT NULL,
	"revoked_by" text,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "destination_account_id_address_registered_at_pk" PRIMARY KEY("account_id","address","registered_at"),
	CONSTRAINT "destination_delay" CHECK ("destination"."usable_at" >= "destination"."registered_at" + interval '24 hours'),
	CONSTRAINT "destination_revoked" CHECK (("destination"."revoked_at" is null) = ("destination"."revoked_by" is null))
);
--> statement-breakpoint
CREATE TABLE "transfer" (
	"transfer_id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"kind" text NOT NULL,
	"mint" text,
	"amount" numeric(20, 0) NOT NULL,
	"destination" text,
	"requested_by" text NOT NULL,
	"authorization" text,
	"status" text NOT NULL,
	"message" text,
	"blockhash" text,
	"last_valid_block_height" bigint,
	"signature" text,
	"fee_lamports" numeric(20, 0),
	"lamports_change" bigint,
	"slot" bigint,
	"error" text,
	"planned_at" timestamp with time zone NOT NULL,
	"drafted_at" timestamp with time zone,
	"signed_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	CONSTRAINT "transfer_signature_unique" UNIQUE("signature"),
	CONSTRAINT "transfer_kind" CHECK ("transfer"."kind" in ('withdraw', 'wrap', 'unwrap', 'reclaim_rent')),
	CONSTRAINT "transfer_status" CHECK ("transfer"."status" in ('planned', 'drafted', 'live', 'final', 'errored', 'expired', 'refused')),
	CONSTRAINT "transfer_signed" CHECK (("transfer"."signature" is null) = ("transfer"."status" in ('planned', 'drafted', 'refused'))),
	CONSTRAINT "transfer_withdraws_to_somebody" CHECK (("transfer"."kind" = 'withdraw') = ("transfer"."destination" is not null)),
	CONSTRAINT "transfer_amount_positive" CHECK ("transfer"."amount" > 0),
	CONSTRAINT "transfer_fee" CHECK ("transfer"."fee_lamports" >= 0)
);
--> statement-breakpoint
ALTER TABLE "destination" ADD CONSTRAINT "destination_account_id_account_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "transfer" ADD CONSTRAINT "transfer_account_id_account_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("account_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "destination_one_unrevoked" ON "destination" USING btree ("account_id","address") WHERE "destination"."revoked_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "transfer_one_unfinished_per_account" ON "transfer" USING btree ("account_id") WHERE "transfer"."status" in ('planned', 'drafted', 'live');--> statement-breakpoint
CREATE INDEX "transfer_account" ON "transfer" USING btree ("account_id","planned_at");