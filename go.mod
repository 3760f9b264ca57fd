module flink-payments

go 1.25.0
