-- Gold: revenue per day, shop and currency.
CREATE OR REFRESH MATERIALIZED VIEW gold_daily_revenue (
  CONSTRAINT has_orders EXPECT (orders > 0) ON VIOLATION FAIL UPDATE
)
COMMENT 'Completed orders and revenue per day, shop and currency.'
TBLPROPERTIES ('quality' = 'gold')
AS
SELECT
  to_date(ordered_at) AS day,
  shop,
  currency,
  count(*) AS orders,
  sum(amount) AS revenue
FROM silver_orders
WHERE status = 'completed'
GROUP BY to_date(ordered_at), shop, currency
