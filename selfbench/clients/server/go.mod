module lathe/selfbench/clients/server

go 1.21

require golang.org/x/net v0.24.0

require golang.org/x/text v0.14.0 // indirect
