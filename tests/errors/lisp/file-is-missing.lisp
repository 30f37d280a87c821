(load-csv "no-such-table.csv")
