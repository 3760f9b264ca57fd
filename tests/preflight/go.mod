module flink-payments/tests/preflight

go 1.26.6

require flink-payments v0.0.0

replace flink-payments => ../..
