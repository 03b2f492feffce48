package tarn;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Map;
import org.apache.iceberg.HasTableOperations;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.CatalogTests;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.rest.RESTCatalog;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Namespaces and tables, with every optional ability. What stays skipped needs an empty namespace. */
public class TablesKit extends CatalogTests<RESTCatalog> {
  private RESTCatalog catalog;

  @BeforeEach
  void connect() {
    catalog = Server.connect(Map.of());
    Server.empty(catalog);
  }

  @AfterEach
  void disconnect() throws Exception {
    catalog.close();
  }

  @Override
  protected RESTCatalog catalog() {
    return catalog;
  }

  @Override
  protected RESTCatalog initCatalog(String name, Map<String, String> properties) {
    return Server.connect(properties);
  }

  @Override
  protected boolean requiresNamespaceCreate() {
    return true;
  }

  @Override
  protected boolean supportsServerSideRetry() {
    return true;
  }

  @Override
  protected boolean supportsNestedNamespaces() {
    return true;
  }

  @Override
  protected boolean supportsNamesWithSlashes() {
    return true;
  }

  @Override
  protected boolean supportsNamesWithDot() {
    return true;
  }

  /** The kit moves the file on the local disk; in a bucket it is taken away and put back through the table's FileIO. */
  @Test
  @Override
  public void testLoadTableWithMissingMetadataFile(@TempDir Path folder) throws IOException {
    catalog.createNamespace(TBL.namespace());
    Table table = catalog.buildTable(TBL, SCHEMA).create();
    String location = ((HasTableOperations) table).operations().current().metadataFileLocation();
    if (!location.startsWith("s3:")) {
      catalog.dropTable(TBL);
      catalog.dropNamespace(TBL.namespace());
      super.testLoadTableWithMissingMetadataFile(folder);
      return;
    }
    FileIO files = table.io();
    byte[] bytes;
    try (InputStream stream = files.newInputFile(location).newStream()) {
      bytes = stream.readAllBytes();
    }
    files.deleteFile(location);
    assertThatThrownBy(() -> catalog.loadTable(TBL)).isInstanceOf(NotFoundException.class).hasMessageContaining(location);
    try (OutputStream stream = files.newOutputFile(location).create()) {
      stream.write(bytes);
    }
    catalog.loadTable(TBL);
  }
}
