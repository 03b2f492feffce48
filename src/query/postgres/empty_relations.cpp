#include <array>

#include "query/postgres/system_schema.h"

namespace tarn::query::postgres {
namespace {

/// Their columns as far as clients name them.
// clang-format off
constexpr auto kEmpty = std::to_array<EmptyRelation>({
    {"tarn_pg", "pg_aggregate", R"(aggfnoid UINTEGER, aggkind VARCHAR, aggnumdirectargs SMALLINT, aggtransfn VARCHAR)"},
    {"tarn_pg", "pg_amop", R"(oid UINTEGER, tableoid UINTEGER, amopfamily UINTEGER, amoplefttype UINTEGER, amoprighttype UINTEGER, amopstrategy SMALLINT, amoppurpose VARCHAR, amopopr UINTEGER, amopmethod UINTEGER, amopsortfamily UINTEGER)"},
    {"tarn_pg", "pg_amproc", R"(oid UINTEGER, tableoid UINTEGER, amprocfamily UINTEGER, amproclefttype UINTEGER, amprocrighttype UINTEGER, amprocnum SMALLINT, amproc UINTEGER)"},
    {"tarn_pg", "pg_attrdef", R"(oid UINTEGER, tableoid UINTEGER, adrelid UINTEGER, adnum SMALLINT, adbin VARCHAR)"},
    {"tarn_pg", "pg_auth_members", R"(oid UINTEGER, tableoid UINTEGER, roleid UINTEGER, member UINTEGER, grantor UINTEGER, admin_option BOOLEAN)"},
    {"tarn_pg", "pg_available_extensions", R"(name VARCHAR, default_version VARCHAR, installed_version VARCHAR, comment VARCHAR)"},
    {"tarn_pg", "pg_cast", R"(oid UINTEGER, tableoid UINTEGER, castsource UINTEGER, casttarget UINTEGER, castfunc UINTEGER, castcontext VARCHAR, castmethod VARCHAR)"},
    {"tarn_pg", "pg_conversion", R"(oid UINTEGER, tableoid UINTEGER, conname VARCHAR, connamespace UINTEGER, conowner UINTEGER, conforencoding INTEGER, contoencoding INTEGER, conproc UINTEGER, condefault BOOLEAN)"},
    {"tarn_pg", "pg_db_role_setting", R"(setdatabase UINTEGER, setrole UINTEGER, setconfig VARCHAR[])"},
    {"tarn_pg", "pg_default_acl", R"(oid UINTEGER, tableoid UINTEGER, defaclrole UINTEGER, defaclnamespace UINTEGER, defaclobjtype VARCHAR, defaclacl VARCHAR[])"},
    {"tarn_pg", "pg_depend", R"(classid UINTEGER, objid UINTEGER, objsubid INTEGER, refclassid UINTEGER, refobjid UINTEGER, refobjsubid INTEGER, deptype VARCHAR)"},
    {"tarn_pg", "pg_enum", R"(oid UINTEGER, tableoid UINTEGER, enumtypid UINTEGER, enumsortorder FLOAT, enumlabel VARCHAR)"},
    {"tarn_pg", "pg_event_trigger", R"(oid UINTEGER, tableoid UINTEGER, evtname VARCHAR, evtevent VARCHAR, evtowner UINTEGER, evtfoid UINTEGER, evtenabled VARCHAR, evttags VARCHAR[])"},
    {"tarn_pg", "pg_extension", R"(oid UINTEGER, tableoid UINTEGER, extname VARCHAR, extowner UINTEGER, extnamespace UINTEGER, extrelocatable BOOLEAN, extversion VARCHAR, extconfig UINTEGER[], extcondition VARCHAR[])"},
    {"tarn_pg", "pg_foreign_data_wrapper", R"(oid UINTEGER, tableoid UINTEGER, fdwname VARCHAR, fdwowner UINTEGER, fdwhandler UINTEGER, fdwvalidator UINTEGER, fdwacl VARCHAR[], fdwoptions VARCHAR[])"},
    {"tarn_pg", "pg_foreign_server", R"(oid UINTEGER, tableoid UINTEGER, srvname VARCHAR, srvowner UINTEGER, srvfdw UINTEGER, srvtype VARCHAR, srvversion VARCHAR, srvacl VARCHAR[], srvoptions VARCHAR[])"},
    {"tarn_pg", "pg_foreign_table", R"(ftrelid UINTEGER, ftserver UINTEGER, ftoptions VARCHAR[])"},
    {"tarn_pg", "pg_group", R"(groname VARCHAR, grosysid UINTEGER, grolist UINTEGER[])"},
    {"tarn_pg", "pg_inherits", R"(inhrelid UINTEGER, inhparent UINTEGER, inhseqno INTEGER, inhdetachpending BOOLEAN)"},
    {"tarn_pg", "pg_init_privs", R"(objoid UINTEGER, classoid UINTEGER, objsubid INTEGER, privtype VARCHAR, initprivs VARCHAR[])"},
    {"tarn_pg", "pg_largeobject_metadata", R"(oid UINTEGER, tableoid UINTEGER, lomowner UINTEGER, lomacl VARCHAR[])"},
    {"tarn_pg", "pg_locks", R"(locktype VARCHAR, database UINTEGER, relation UINTEGER, page INTEGER, tuple SMALLINT, virtualxid VARCHAR, transactionid UINTEGER, classid UINTEGER, objid UINTEGER, objsubid SMALLINT, virtualtransaction VARCHAR, pid INTEGER, mode VARCHAR, granted BOOLEAN, fastpath BOOLEAN, waitstart TIMESTAMPTZ)"},
    {"tarn_pg", "pg_opclass", R"(oid UINTEGER, tableoid UINTEGER, opcmethod UINTEGER, opcname VARCHAR, opcnamespace UINTEGER, opcowner UINTEGER, opcfamily UINTEGER, opcintype UINTEGER, opcdefault BOOLEAN, opckeytype UINTEGER)"},
    {"tarn_pg", "pg_operator", R"(oid UINTEGER, tableoid UINTEGER, oprname VARCHAR, oprnamespace UINTEGER, oprowner UINTEGER, oprkind VARCHAR, oprcanmerge BOOLEAN, oprcanhash BOOLEAN, oprleft UINTEGER, oprright UINTEGER, oprresult UINTEGER, oprcom UINTEGER, oprnegate UINTEGER, oprcode UINTEGER, oprrest UINTEGER, oprjoin UINTEGER)"},
    {"tarn_pg", "pg_opfamily", R"(oid UINTEGER, tableoid UINTEGER, opfmethod UINTEGER, opfname VARCHAR, opfnamespace UINTEGER, opfowner UINTEGER)"},
    {"tarn_pg", "pg_parameter_acl", R"(oid UINTEGER, tableoid UINTEGER, parname VARCHAR, paracl VARCHAR[])"},
    {"tarn_pg", "pg_partitioned_table", R"(partrelid UINTEGER, partstrat VARCHAR, partnatts SMALLINT, partdefid UINTEGER, partattrs SMALLINT[], partclass UINTEGER[], partcollation UINTEGER[], partexprs VARCHAR)"},
    {"tarn_pg", "pg_policies", R"(schemaname VARCHAR, tablename VARCHAR, policyname VARCHAR, permissive VARCHAR, roles VARCHAR[], cmd VARCHAR, qual VARCHAR, with_check VARCHAR)"},
    {"tarn_pg", "pg_policy", R"(oid UINTEGER, tableoid UINTEGER, polname VARCHAR, polrelid UINTEGER, polcmd VARCHAR, polpermissive BOOLEAN, polroles UINTEGER[], polqual VARCHAR, polwithcheck VARCHAR)"},
    {"tarn_pg", "pg_proc", R"(oid UINTEGER, tableoid UINTEGER, proname VARCHAR, pronamespace UINTEGER, proowner UINTEGER, prolang UINTEGER, procost FLOAT, prorows FLOAT, provariadic UINTEGER, prosupport UINTEGER, prokind VARCHAR, prosecdef BOOLEAN, proleakproof BOOLEAN, proisstrict BOOLEAN, proretset BOOLEAN, provolatile VARCHAR, proparallel VARCHAR, pronargs SMALLINT, pronargdefaults SMALLINT, prorettype UINTEGER, proargtypes UINTEGER[], proallargtypes UINTEGER[], proargmodes VARCHAR[], proargnames VARCHAR[], proargdefaults VARCHAR, protrftypes UINTEGER[], prosrc VARCHAR, probin VARCHAR, prosqlbody VARCHAR, proconfig VARCHAR[], proacl VARCHAR[])"},
    {"tarn_pg", "pg_prepared_statements", R"(name VARCHAR, statement VARCHAR, prepare_time TIMESTAMPTZ, parameter_types VARCHAR[], from_sql BOOLEAN)"},
    {"tarn_pg", "pg_prepared_xacts", R"(transaction UINTEGER, gid VARCHAR, prepared TIMESTAMPTZ, owner VARCHAR, database VARCHAR)"},
    {"tarn_pg", "pg_publication", R"(oid UINTEGER, tableoid UINTEGER, pubname VARCHAR, pubowner UINTEGER, puballtables BOOLEAN, pubinsert BOOLEAN, pubupdate BOOLEAN, pubdelete BOOLEAN, pubtruncate BOOLEAN, pubviaroot BOOLEAN)"},
    {"tarn_pg", "pg_publication_namespace", R"(oid UINTEGER, tableoid UINTEGER, pnpubid UINTEGER, pnnspid UINTEGER)"},
    {"tarn_pg", "pg_publication_rel", R"(oid UINTEGER, tableoid UINTEGER, prpubid UINTEGER, prrelid UINTEGER, prqual VARCHAR, prattrs SMALLINT[])"},
    {"tarn_pg", "pg_publication_tables", R"(pubname VARCHAR, schemaname VARCHAR, tablename VARCHAR, attnames VARCHAR[], rowfilter VARCHAR)"},
    {"tarn_pg", "pg_range", R"(rngtypid UINTEGER, rngsubtype UINTEGER, rngmultitypid UINTEGER, rngcollation UINTEGER, rngsubopc UINTEGER, rngcanonical UINTEGER, rngsubdiff UINTEGER)"},
    {"tarn_pg", "pg_rewrite", R"(oid UINTEGER, tableoid UINTEGER, rulename VARCHAR, ev_class UINTEGER, ev_type VARCHAR, ev_enabled VARCHAR, is_instead BOOLEAN, ev_qual VARCHAR, ev_action VARCHAR)"},
    {"tarn_pg", "pg_rules", R"(schemaname VARCHAR, tablename VARCHAR, rulename VARCHAR, definition VARCHAR)"},
    {"tarn_pg", "pg_seclabel", R"(objoid UINTEGER, classoid UINTEGER, objsubid INTEGER, provider VARCHAR, label VARCHAR)"},
    {"tarn_pg", "pg_seclabels", R"(objoid UINTEGER, classoid UINTEGER, objsubid INTEGER, objtype VARCHAR, objnamespace UINTEGER, objname VARCHAR, provider VARCHAR, label VARCHAR)"},
    {"tarn_pg", "pg_sequence", R"(seqrelid UINTEGER, seqtypid UINTEGER, seqstart BIGINT, seqincrement BIGINT, seqmax BIGINT, seqmin BIGINT, seqcache BIGINT, seqcycle BOOLEAN)"},
    {"tarn_pg", "pg_sequences", R"(schemaname VARCHAR, sequencename VARCHAR, sequenceowner VARCHAR, data_type VARCHAR, start_value BIGINT, min_value BIGINT, max_value BIGINT, increment_by BIGINT, cycle BOOLEAN, cache_size BIGINT, last_value BIGINT)"},
    {"tarn_pg", "pg_shdepend", R"(dbid UINTEGER, classid UINTEGER, objid UINTEGER, objsubid INTEGER, refclassid UINTEGER, refobjid UINTEGER, deptype VARCHAR)"},
    {"tarn_pg", "pg_shdescription", R"(objoid UINTEGER, classoid UINTEGER, description VARCHAR)"},
    {"tarn_pg", "pg_shseclabel", R"(objoid UINTEGER, classoid UINTEGER, provider VARCHAR, label VARCHAR)"},
    {"tarn_pg", "pg_stat_database", R"(datid UINTEGER, datname VARCHAR, numbackends INTEGER, xact_commit BIGINT, xact_rollback BIGINT, blks_read BIGINT, blks_hit BIGINT, tup_returned BIGINT, tup_fetched BIGINT, stats_reset TIMESTAMPTZ)"},
    {"tarn_pg", "pg_stat_replication", R"(pid INTEGER, usesysid UINTEGER, usename VARCHAR, application_name VARCHAR, state VARCHAR)"},
    {"tarn_pg", "pg_stat_ssl", R"(pid INTEGER, ssl BOOLEAN, version VARCHAR, cipher VARCHAR, bits INTEGER, client_dn VARCHAR)"},
    {"tarn_pg", "pg_stat_user_indexes", R"(relid UINTEGER, indexrelid UINTEGER, schemaname VARCHAR, relname VARCHAR, indexrelname VARCHAR, idx_scan BIGINT)"},
    {"tarn_pg", "pg_statio_user_tables", R"(relid UINTEGER, schemaname VARCHAR, relname VARCHAR, heap_blks_read BIGINT, heap_blks_hit BIGINT)"},
    {"tarn_pg", "pg_statistic_ext", R"(oid UINTEGER, tableoid UINTEGER, stxrelid UINTEGER, stxname VARCHAR, stxnamespace UINTEGER, stxowner UINTEGER, stxstattarget INTEGER, stxkeys SMALLINT[], stxkind VARCHAR[], stxexprs VARCHAR)"},
    {"tarn_pg", "pg_stats", R"(schemaname VARCHAR, tablename VARCHAR, attname VARCHAR, inherited BOOLEAN, null_frac FLOAT, avg_width INTEGER, n_distinct FLOAT)"},
    {"tarn_pg", "pg_subscription", R"(oid UINTEGER, tableoid UINTEGER, subdbid UINTEGER, subskiplsn VARCHAR, subname VARCHAR, subowner UINTEGER, subenabled BOOLEAN, subbinary BOOLEAN, substream BOOLEAN, subtwophasestate VARCHAR, subdisableonerr BOOLEAN, subconninfo VARCHAR, subslotname VARCHAR, subsynccommit VARCHAR, subpublications VARCHAR[])"},
    {"tarn_pg", "pg_transform", R"(oid UINTEGER, tableoid UINTEGER, trftype UINTEGER, trflang UINTEGER, trffromsql UINTEGER, trftosql UINTEGER)"},
    {"tarn_pg", "pg_trigger", R"(oid UINTEGER, tableoid UINTEGER, tgrelid UINTEGER, tgparentid UINTEGER, tgname VARCHAR, tgfoid UINTEGER, tgtype SMALLINT, tgenabled VARCHAR, tgisinternal BOOLEAN, tgconstrrelid UINTEGER, tgconstrindid UINTEGER, tgconstraint UINTEGER, tgdeferrable BOOLEAN, tginitdeferred BOOLEAN, tgnargs SMALLINT, tgattr SMALLINT[], tgargs BLOB, tgqual VARCHAR, tgoldtable VARCHAR, tgnewtable VARCHAR)"},
    {"tarn_pg", "pg_ts_config", R"(oid UINTEGER, tableoid UINTEGER, cfgname VARCHAR, cfgnamespace UINTEGER, cfgowner UINTEGER, cfgparser UINTEGER)"},
    {"tarn_pg", "pg_ts_config_map", R"(mapcfg UINTEGER, maptokentype INTEGER, mapseqno INTEGER, mapdict UINTEGER)"},
    {"tarn_pg", "pg_ts_dict", R"(oid UINTEGER, tableoid UINTEGER, dictname VARCHAR, dictnamespace UINTEGER, dictowner UINTEGER, dicttemplate UINTEGER, dictinitoption VARCHAR)"},
    {"tarn_pg", "pg_ts_parser", R"(oid UINTEGER, tableoid UINTEGER, prsname VARCHAR, prsnamespace UINTEGER, prsstart UINTEGER, prstoken UINTEGER, prsend UINTEGER, prsheadline UINTEGER, prslextype UINTEGER)"},
    {"tarn_pg", "pg_ts_template", R"(oid UINTEGER, tableoid UINTEGER, tmplname VARCHAR, tmplnamespace UINTEGER, tmplinit UINTEGER, tmpllexize UINTEGER)"},
    {"tarn_pg", "pg_user_mapping", R"(oid UINTEGER, tableoid UINTEGER, umuser UINTEGER, umserver UINTEGER, umoptions VARCHAR[])"},
    {"tarn_pg", "pg_user_mappings", R"(umid UINTEGER, srvid UINTEGER, srvname VARCHAR, umuser UINTEGER, usename VARCHAR, umoptions VARCHAR[])"},
    {"tarn_info", "character_sets", R"(character_set_catalog VARCHAR, character_set_schema VARCHAR, character_set_name VARCHAR)"},
    {"tarn_info", "check_constraints", R"(constraint_catalog VARCHAR, constraint_schema VARCHAR, constraint_name VARCHAR, check_clause VARCHAR)"},
    {"tarn_info", "column_privileges", R"(grantor VARCHAR, grantee VARCHAR, table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, column_name VARCHAR, privilege_type VARCHAR, is_grantable VARCHAR)"},
    {"tarn_info", "domains", R"(domain_catalog VARCHAR, domain_schema VARCHAR, domain_name VARCHAR, data_type VARCHAR)"},
    {"tarn_info", "element_types", R"(object_catalog VARCHAR, object_schema VARCHAR, object_name VARCHAR, object_type VARCHAR, collection_type_identifier VARCHAR, data_type VARCHAR)"},
    {"tarn_info", "parameters", R"(specific_catalog VARCHAR, specific_schema VARCHAR, specific_name VARCHAR, ordinal_position INTEGER, parameter_mode VARCHAR, parameter_name VARCHAR, data_type VARCHAR)"},
    {"tarn_info", "referential_constraints", R"(constraint_catalog VARCHAR, constraint_schema VARCHAR, constraint_name VARCHAR, unique_constraint_catalog VARCHAR, unique_constraint_schema VARCHAR, unique_constraint_name VARCHAR, match_option VARCHAR, update_rule VARCHAR, delete_rule VARCHAR)"},
    {"tarn_info", "routines", R"(specific_catalog VARCHAR, specific_schema VARCHAR, specific_name VARCHAR, routine_catalog VARCHAR, routine_schema VARCHAR, routine_name VARCHAR, routine_type VARCHAR, data_type VARCHAR, routine_definition VARCHAR, external_language VARCHAR)"},
    {"tarn_info", "sequences", R"(sequence_catalog VARCHAR, sequence_schema VARCHAR, sequence_name VARCHAR, data_type VARCHAR)"},
    {"tarn_info", "triggers", R"(trigger_catalog VARCHAR, trigger_schema VARCHAR, trigger_name VARCHAR, event_manipulation VARCHAR, event_object_schema VARCHAR, event_object_table VARCHAR, action_statement VARCHAR, action_timing VARCHAR)"},
    {"tarn_info", "user_defined_types", R"(user_defined_type_catalog VARCHAR, user_defined_type_schema VARCHAR, user_defined_type_name VARCHAR)"},
});
// clang-format on

}  // namespace

std::span<const EmptyRelation> empty_relations() {
  return kEmpty;
}

}  // namespace tarn::query::postgres
